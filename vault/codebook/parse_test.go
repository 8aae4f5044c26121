package codebook_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

// change returns the default codebook after edit changed its JSON tree.
func change(t *testing.T, edit func(m map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(codebook.Default(), &m); err != nil {
		t.Fatal(err)
	}
	edit(m)
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func item(m map[string]any, list string, n int) map[string]any {
	return m["lists"].(map[string]any)[list].([]any)[n].(map[string]any)
}

func act(m map[string]any, group, n int) map[string]any {
	return m["groups"].([]any)[group].(map[string]any)["acts"].([]any)[n].(map[string]any)
}

func TestRefused(t *testing.T) {
	if _, err := codebook.Parse(change(t, func(map[string]any) {})); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for name, edit := range map[string]func(m map[string]any){
		"version 0":           func(m map[string]any) { m["version"] = 0 },
		"no languages":        func(m map[string]any) { m["languages"] = []any{} },
		"language twice":      func(m map[string]any) { m["languages"] = []any{"en", "en"} },
		"language upper case": func(m map[string]any) { m["languages"] = []any{"en", "FR"} },
		"language without labels": func(m map[string]any) {
			m["languages"] = []any{"en", "fr", "ka"}
		},
		"label of no language": func(m map[string]any) { item(m, "age", 0)["label"].(map[string]any)["ka"] = "x" },
		"no groups":            func(m map[string]any) { m["groups"] = []any{} },
		"group without acts":   func(m map[string]any) { m["groups"].([]any)[0].(map[string]any)["acts"] = []any{} },
		"group without icon":   func(m map[string]any) { delete(m["groups"].([]any)[0].(map[string]any), "icon") },
		"group without help":   func(m map[string]any) { delete(m["groups"].([]any)[0].(map[string]any), "help") },
		"group twice": func(m map[string]any) {
			m["groups"].([]any)[1].(map[string]any)["code"] = "police"
		},
		"act in two groups":     func(m map[string]any) { act(m, 1, 0)["code"] = "arrest" },
		"act with a capital":    func(m map[string]any) { act(m, 0, 0)["code"] = "Stop" },
		"act with a space":      func(m map[string]any) { act(m, 0, 0)["code"] = "stop search" },
		"act without them":      func(m map[string]any) { delete(act(m, 0, 0), "them") },
		"act with empty you":    func(m map[string]any) { act(m, 0, 0)["you"].(map[string]any)["fr"] = "" },
		"act without help":      func(m map[string]any) { delete(act(m, 0, 0), "help") },
		"code twice":            func(m map[string]any) { item(m, "age", 1)["code"] = "under-15" },
		"code too long":         func(m map[string]any) { item(m, "age", 1)["code"] = strings.Repeat("a", 65) },
		"label missing":         func(m map[string]any) { delete(item(m, "age", 1), "label") },
		"help in one language":  func(m map[string]any) { item(m, "age", 1)["help"] = map[string]any{"en": "x"} },
		"peer in one language":  func(m map[string]any) { item(m, "age", 1)["peer"] = map[string]any{"en": "x"} },
		"label with a newline":  func(m map[string]any) { item(m, "age", 1)["label"].(map[string]any)["en"] = "a\nb" },
		"label turning around":  func(m map[string]any) { item(m, "age", 1)["label"].(map[string]any)["en"] = "a\u202eb" },
		"label over the bound":  func(m map[string]any) { item(m, "age", 1)["label"].(map[string]any)["en"] = strings.Repeat("a", 601) },
		"list missing":          func(m map[string]any) { delete(m["lists"].(map[string]any), "urgency") },
		"list empty":            func(m map[string]any) { m["lists"].(map[string]any)["urgency"] = []any{} },
		"list called act":       func(m map[string]any) { m["lists"].(map[string]any)["act"] = m["lists"].(map[string]any)["age"] },
		"list name with space":  func(m map[string]any) { m["lists"].(map[string]any)["a b"] = m["lists"].(map[string]any)["age"] },
		"lists of another type": func(m map[string]any) { m["lists"] = 3 },
	} {
		if _, err := codebook.Parse(change(t, edit)); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s: err = %v, want ErrShape", name, err)
		}
	}
}

func TestRefusedBytes(t *testing.T) {
	text := string(codebook.Default())
	for name, b := range map[string]string{
		"nothing":           "",
		"cut":               text[:len(text)/2],
		"number":            "3",
		"key twice":         strings.Replace(text, `"version":1`, `"version":1,"version":1`, 1),
		"key in other case": strings.Replace(text, `"version":1`, `"version":1,"Version":2`, 1),
		"something after":   text + "{}",
		"not UTF-8":         strings.Replace(text, "Police", "Pol\xffice", 1),
		"deep":              strings.Repeat("[", 100000),
		"deep object":       strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
	} {
		if _, err := codebook.Parse([]byte(b)); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s: err = %v, want ErrShape", name, err)
		}
	}
	if _, err := codebook.Parse([]byte(strings.Repeat(" ", codebook.MaxSize) + text)); !errors.Is(err, vault.ErrTooLarge) {
		t.Errorf("over the size: %v, want ErrTooLarge", err)
	}
}

func TestUnknownKeysAndCodesAreKept(t *testing.T) {
	b := change(t, func(m map[string]any) {
		m["published"] = "2027"
		lists := m["lists"].(map[string]any)
		lists["shelter_type"] = []any{map[string]any{"code": "tent", "label": map[string]any{"en": "Tent", "fr": "Tente"}}}
	})
	cb, err := codebook.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if !cb.Has("shelter_type", "tent") {
		t.Error("an organisation's own list is lost")
	}
}

func TestTextsRefused(t *testing.T) {
	for name, edit := range map[string]func(m map[string]any){
		"empty hours": func(m map[string]any) { m["hours"] = "" },
		"no steps":    func(m map[string]any) { m["help_first"].(map[string]any)["steps"] = []any{} },
		"empty step":  func(m map[string]any) { m["help_first"].(map[string]any)["steps"] = []any{"a", ""} },
		"no numbers":  func(m map[string]any) { m["help_first"].(map[string]any)["numbers"] = []any{} },
		"number without one": func(m map[string]any) {
			m["help_first"].(map[string]any)["numbers"] = []any{map[string]any{"label": "x"}}
		},
		"no support":          func(m map[string]any) { m["support"] = []any{} },
		"support without any": func(m map[string]any) { m["support"] = []any{map[string]any{"label": "x"}} },
		"no rights":           func(m map[string]any) { delete(m, "rights") },
		"held without steps":  func(m map[string]any) { m["held"] = map[string]any{"title": "x"} },
		"held with an empty number": func(m map[string]any) {
			m["held"] = map[string]any{"title": "x", "steps": []any{"y"}, "numbers": []any{map[string]any{"label": "x"}}}
		},
		"held turned around":  func(m map[string]any) { m["held"] = map[string]any{"title": "a\u202eb", "steps": []any{"y"}} },
		"long name":           func(m map[string]any) { m["look"] = map[string]any{"name": strings.Repeat("a", 21)} },
		"blank name":          func(m map[string]any) { m["look"] = map[string]any{"name": "  "} },
		"name turned around":  func(m map[string]any) { m["look"] = map[string]any{"name": "a\u202eb"} },
		"name with markup":    func(m map[string]any) { m["look"] = map[string]any{"name": "<b>"} },
		"icon that is none":   func(m map[string]any) { m["look"] = map[string]any{"icon": "syringe"} },
		"colour in numbers":   func(m map[string]any) { m["look"] = map[string]any{"colour": "#ff0000"} },
		"hours of a type":     func(m map[string]any) { m["hours"] = 3 },
		"hours turned around": func(m map[string]any) { m["hours"] = "a\u202eb" },
		"other language":      func(m map[string]any) { m["lang"] = "fr" },
	} {
		var m map[string]any
		if err := json.Unmarshal(codebook.DefaultTexts()["en"], &m); err != nil {
			t.Fatal(err)
		}
		edit(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codebook.ParseTexts(b, "en"); !errors.Is(err, codebook.ErrShape) {
			t.Errorf("%s: err = %v, want ErrShape", name, err)
		}
	}
}

// What Parse takes re-encodes to a codebook that it takes again, equal in
// every label.
func FuzzParse(f *testing.F) {
	f.Add(codebook.Default())
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"version":2}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		cb, err := codebook.Parse(b)
		if err != nil {
			if !errors.Is(err, codebook.ErrShape) {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		again, err := json.Marshal(cb)
		if err != nil {
			t.Fatal(err)
		}
		cb2, err := codebook.Parse(again)
		if err != nil {
			t.Fatalf("re-encoded is refused: %v", err)
		}
		for _, name := range cb.ListNames() {
			for _, code := range cb.Codes(name) {
				for _, lang := range cb.Languages {
					if cb.Label(lang, name, code) != cb2.Label(lang, name, code) {
						t.Fatalf("label of %s %s changed", name, code)
					}
				}
			}
		}
	})
}
