// A few line drawings on a 24 × 24 grid, drawn for this. They repeat what the words beside them say, so readers skip them.
const paths: Record<string, string> = {
  down: "M6 9l6 6 6-6",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3M12 14.5v2",
  heart: "M12 20C5 15 3.5 11.5 4.5 8.5S10 5 12 8c2-3 6.5-2.5 7.5.5S19 15 12 20z",
  plus: "M12 5v14M5 12h14",
  sound: "M4 9.5h3.5L12 5.5v13l-4.5-4H4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  check: "M5 12.5l4.5 4.5L19 7.5",
  eye: "M2.5 12C5 7.5 8.5 6 12 6s7 1.5 9.5 6c-2.5 4.5-6 6-9.5 6s-7-1.5-9.5-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  alert: "M12 4l9 16H3zM12 10v4.5M12 17h.01",
  clock: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 7.5V12l3 2",
  page: "M6 3.5h8l4 4v13H6zM9 11h6M9 15h6",
  // Groups of what happened, by the codebook's words. Where police are meant there is a street lamp: no uniform, no badge.
  lamp: "M6 20.5h6M9 20.5V7a3.5 3.5 0 0 1 7 0v1M12.5 12l1.5-4h4l1.5 4z",
  bag: "M5 9h14l1 11H4zM9 9V7a3 3 0 0 1 6 0v2",
  cross: "M9.5 4h5v5.5H20v5h-5.5V20h-5v-5.5H4v-5h5.5z",
  lifebuoy: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM6.5 6.5l3 3M14.5 14.5l3 3M17.5 6.5l-3 3M9.5 14.5l-3 3",
  home: "M4 11l8-7 8 7M6 10v10h12V10M10 20v-5h4v5",
  people: "M8.5 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3 19c0-3.5 2.5-5.5 5.5-5.5S14 15.5 14 19M16 11.5a2.5 2.5 0 1 0-1-4.8M16.5 14c2.5.3 4.5 2 4.5 5",
  office: "M4 8h16v11H4zM9 8V5h6v3M4 13h16",
  scales: "M12 4v16M8 20h8M5 7h14M5 7l-2.5 6a2.5 2.5 0 0 0 5 0zM19 7l-2.5 6a2.5 2.5 0 0 0 5 0z",
  dots: "M5.5 12h.01M12 12h.01M18.5 12h.01",
};

/** Icon draws one of the icons; a name it does not know draws three dots, so that a codebook may run ahead of the app. */
export function Icon({ name, class: extra }: { name: string; class?: string }) {
  const d = paths[Object.hasOwn(paths, name) ? name : "dots"];
  return <svg class={extra ? `icon ${extra}` : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={d} /></svg>;
}
