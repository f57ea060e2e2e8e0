package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// comments are what the source says of types, "Issue", and fields, "Issue.Area".
func comments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				spec := s.(*ast.TypeSpec)
				said[spec.Name.Name] = strings.Join(strings.Fields(g.Doc.Text()), " ")
				if fields, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range fields.Fields.List {
						for _, n := range f.Names {
							said[spec.Name.Name+"."+n.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
						}
					}
				}
			}
		}
	}
	return said
}

// schemaOf derives the schema of a type. Every field is there, and no other.
func schemaOf(typ reflect.Type, said map[string]string, defs map[string]any) map[string]any {
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case typ.Kind() == reflect.Pointer:
		return map[string]any{"anyOf": []any{schemaOf(typ.Elem(), said, defs), map[string]any{"type": "null"}}}
	case typ.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(typ.Elem(), said, defs)}
	case typ.Kind() == reflect.Struct:
		if _, ok := defs[typ.Name()]; !ok {
			defs[typ.Name()] = nil // it may be within itself
			defs[typ.Name()] = objectOf(typ, said, defs)
		}
		return map[string]any{"$ref": "#/$defs/" + typ.Name()}
	}
	names := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Float64: "number"}
	return map[string]any{"type": names[typ.Kind()]}
}

func objectOf(typ reflect.Type, said map[string]string, defs map[string]any) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name := f.Tag.Get("json")
		if name == "" {
			continue
		}
		property := schemaOf(f.Type, said, defs)
		if about := said[typ.Name()+"."+f.Name]; about != "" {
			property["description"] = about
		}
		properties[name] = property
		required = append(required, name)
	}
	return map[string]any{
		"type": "object", "description": said[typ.Name()], "properties": properties, "required": required, "additionalProperties": false,
	}
}

// The published schema is that of the types, with what their comments say.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	defs := map[string]any{}
	whole := schemaOf(reflect.TypeFor[Report](), comments(t), defs)
	severity := defs["Issue"].(map[string]any)["properties"].(map[string]any)["severity"].(map[string]any)
	severity["enum"] = Severities()
	defs["Report"].(map[string]any)["properties"].(map[string]any)["schema_version"].(map[string]any)["const"] = SchemaVersion
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Report of supportctl", "$ref": whole["$ref"], "$defs": defs,
	})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile("schema.json", got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(Schema, got.String()); diff != "" {
		t.Errorf("schema.json (-published +derived), UPDATE_GOLDEN=1 writes it:\n%s", diff)
	}
}

// validate checks a report's JSON against the published schema.
func validate(t *testing.T, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(got); err != nil {
		t.Error(err)
	}
}

func TestJSONKeepsTheSchema(t *testing.T) {
	for name, r := range map[string]*Report{"golden": goldenReport(t), "nothing known": {}, "sparse": sparseReport(t)} {
		t.Run(name, func(t *testing.T) {
			if name == "nothing known" {
				r = emptyReport()
			}
			validate(t, written(t, r, "json"))
		})
	}
	broken := strings.Replace(written(t, goldenReport(t), "json"), `"severity": "critical"`, `"severity": "terrible"`, 1)
	t.Run("it can fail", func(t *testing.T) {
		doc, _ := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
		c := jsonschema.NewCompiler()
		if err := c.AddResource("schema.json", doc); err != nil {
			t.Fatal(err)
		}
		got, err := jsonschema.UnmarshalJSON(strings.NewReader(broken))
		if err != nil {
			t.Fatal(err)
		}
		if c.MustCompile("schema.json").Validate(got) == nil {
			t.Error("a severity that is none was not seen")
		}
	})
}
