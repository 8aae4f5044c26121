package figures

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"peerwitness/vault"
)

// Statuses of a cell in the data files.
const (
	Published = "published"
	Masked    = "masked"
)

// columns of the long table. Each dimension has its id, its code and a label in
// each language; a table with one dimension leaves the second's empty.
func columns(r Release) []string {
	out := []string{"table", "period"}
	for _, n := range []string{"1", "2"} {
		out = append(out, "dimension_"+n, "code_"+n)
		for _, l := range r.Languages {
			out = append(out, "label_"+n+"_"+l)
		}
	}
	return append(out, "value", "status", "lower95", "upper95")
}

// csvFile writes the long table, after the caveats as comment lines.
func csvFile(r Release) ([]byte, error) {
	var b bytes.Buffer
	for _, l := range PageLanguages() {
		for _, c := range r.Caveats[l] {
			b.WriteString("# " + l + ": " + c + "\r\n")
		}
	}
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if err := w.Write(columns(r)); err != nil {
		return nil, err
	}
	for _, t := range r.Tables {
		for _, c := range t.Cells {
			row := []string{t.ID, r.Period}
			for i := range 2 {
				if i >= len(t.Dimensions) {
					row = append(row, slices.Repeat([]string{""}, 2+len(r.Languages))...)
					continue
				}
				d := r.dimension(t.Dimensions[i])
				row = append(row, d.ID, c.Codes[i])
				for _, l := range r.Languages {
					row = append(row, inert(d.label(c.Codes[i], l)))
				}
			}
			if c.Value == nil {
				row = append(row, "", Masked, "", "")
			} else {
				row = append(row, strconv.Itoa(*c.Value), Published, strconv.Itoa(*c.Value-Whisker), strconv.Itoa(*c.Value+Whisker))
			}
			if err := w.Write(row); err != nil {
				return nil, err
			}
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// inert keeps a spreadsheet from taking a label for a formula.
func inert(s string) string {
	if strings.ContainsAny(s[:min(1, len(s))], "=+-@") {
		return "'" + s
	}
	return s
}

// Frictionless Data Package v2; only what is used here.
type (
	dataPackage struct {
		Schema      string              `json:"$schema"`
		Name        string              `json:"name"`
		Title       string              `json:"title"`
		Description string              `json:"description"`
		Version     string              `json:"version"`
		Caveats     map[string][]string `json:"caveats"`
		Resources   []dataResource      `json:"resources"`
	}
	dataResource struct {
		Schema    string      `json:"$schema"`
		Name      string      `json:"name"`
		Type      string      `json:"type"`
		Path      string      `json:"path"`
		Format    string      `json:"format"`
		Mediatype string      `json:"mediatype"`
		Encoding  string      `json:"encoding"`
		Bytes     int         `json:"bytes"`
		Hash      string      `json:"hash"`
		Dialect   dataDialect `json:"dialect"`
		Table     dataSchema  `json:"schema"`
	}
	dataDialect struct {
		CommentChar string `json:"commentChar"`
	}
	dataSchema struct {
		Schema        string      `json:"$schema"`
		Fields        []dataField `json:"fields"`
		MissingValues []string    `json:"missingValues"`
	}
	dataField struct {
		Name        string         `json:"name"`
		Type        string         `json:"type"`
		Description string         `json:"description"`
		Constraints map[string]any `json:"constraints,omitempty"`
	}
)

const profiles = "https://datapackage.org/profiles/2.0/"

// packageFile writes the descriptor that stands beside the table.
func packageFile(r Release, table []byte) ([]byte, error) {
	var fields []dataField
	for _, c := range columns(r) {
		f := dataField{Name: c, Type: "string"}
		switch {
		case c == "table":
			f.Description = "Table of the programme."
		case c == "period":
			f.Description = "Period by coding freeze, not by when things happened."
		case c == "value":
			f.Type = "integer"
			f.Description = "People, each once per table, with noise, rounded to 5. Empty when masked: fewer than 15, may be none; never 0."
			f.Constraints = map[string]any{"minimum": MaskBelow}
		case c == "status":
			f.Description = "published or masked."
			f.Constraints = map[string]any{"enum": []string{Published, Masked}}
		case c == "lower95" || c == "upper95":
			f.Type = "integer"
			f.Description = "The count itself lies between lower95 and upper95 in at least 95 cases of 100."
		case strings.HasPrefix(c, "dimension_"):
			f.Description = "What the code is of; empty where the table has one dimension."
		case strings.HasPrefix(c, "code_"):
			f.Description = "Code of the category."
		default:
			f.Description = "Label of the category."
		}
		fields = append(fields, f)
	}
	p := dataPackage{Schema: profiles + "datapackage.json", Name: "figures-" + strings.ToLower(r.Period), Title: r.Organisation + ", " + r.Period,
		Description: strings.Join(Caveats("en"), " "), Version: fmt.Sprintf("%d.0.0", r.Programme.Version), Caveats: r.Caveats,
		Resources: []dataResource{{Schema: profiles + "dataresource.json", Name: "figures", Type: "table", Path: FileCSV, Format: "csv", Mediatype: "text/csv",
			Encoding: "utf-8", Bytes: len(table), Hash: "sha256:" + vault.Sum(table).String(), Dialect: dataDialect{CommentChar: "#"},
			Table: dataSchema{Schema: profiles + "tableschema.json", Fields: fields, MissingValues: []string{""}}}}}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(p); err != nil {
		return nil, fmt.Errorf("writing data package: %w", err)
	}
	return b.Bytes(), nil
}
