package main

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

var (
	control    = regexp.MustCompile(`(?s)<input ([^>]*)>|<select ([^>]*)>(.*?)</select>|<textarea ([^>]*)>(.*?)</textarea>`)
	attribute  = regexp.MustCompile(`([a-z-]+)(?:="([^"]*)")?`)
	optionPart = regexp.MustCompile(`<option ([^>]*)>`)
)

// filled is what a browser would send of a form as it stands on the page,
// without its buttons.
func filled(form string) url.Values {
	out := url.Values{}
	for _, m := range control.FindAllStringSubmatch(form, -1) {
		a := attributes(m[1] + m[2] + m[4])
		name, value := a.Get("name"), a.Get("value")
		switch {
		case strings.HasPrefix(m[0], "<select"):
			value = ""
			for _, o := range optionPart.FindAllStringSubmatch(m[3], -1) {
				if o := attributes(o[1]); o.Has("selected") {
					value = o.Get("value")
				}
			}
		case strings.HasPrefix(m[0], "<textarea"):
			value = html.UnescapeString(m[5])
		case (a.Get("type") == "checkbox" || a.Get("type") == "radio") && !a.Has("checked"):
			continue
		}
		out.Add(name, value)
	}
	return out
}

func attributes(tag string) url.Values {
	out := url.Values{}
	for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	return out
}

// send sends the open page's form for action as it stands, with one of its
// buttons. given are fields that the person fills in first; they must be there.
func (b *browser) send(ctx context.Context, action, button, value string, given ...string) error {
	for _, form := range formPart.FindAllStringSubmatch(b.page, -1) {
		if html.UnescapeString(form[1]) != action {
			continue
		}
		send := filled(form[2])
		for i := 0; i+1 < len(given); i += 2 {
			if !strings.Contains(form[2], `name="`+given[i]+`"`) {
				return fmt.Errorf("the form for %s has no %s", action, given[i])
			}
			send.Set(given[i], given[i+1])
		}
		if !strings.Contains(form[2], fmt.Sprintf(`name="%s" value="%s"`, button, value)) {
			return fmt.Errorf("the form for %s has no such button", action)
		}
		send.Set(button, value)
		return b.post(ctx, action, send)
	}
	return fmt.Errorf("the page has no form for %s", action)
}

// sendTo sends the open page's form for action to another address, as an old
// page or a hurried hand would.
func (b *browser) sendTo(ctx context.Context, action, other string) error {
	for _, form := range formPart.FindAllStringSubmatch(b.page, -1) {
		if html.UnescapeString(form[1]) == action {
			return b.post(ctx, other, filled(form[2]))
		}
	}
	return fmt.Errorf("the page has no form for %s", action)
}
