import css from "./app.css?inline";
import href from "./app.css?url";

/**
 * dress gives the page its styles. They travel inside the script, which saves the first visit a request; a sheet made
 * this way needs no exception in the page's rules, as a style element would. Older browsers fetch the file.
 */
export function dress(): void {
  if ("adoptedStyleSheets" in document && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
    return;
  }
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
}
