package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exampleFile is the documentation of the options, so it is held to the code.
const exampleFile = "../../../examples/support_exporter.yml"

func readExample(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(exampleFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExampleIsTheDefault(t *testing.T) {
	c, err := Parse("support_exporter.yml", []byte(readExample(t)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), c); diff != "" {
		t.Error(diff)
	}
}

// uncomment turns on what the example has turned off.
func uncomment(t *testing.T, example string) string {
	t.Helper()
	for _, off := range []string{"  tokens_file: \"\"\n", "experiments: []\n"} {
		if strings.Count(example, off) != 1 {
			t.Fatalf("the example must have the line %q once", off)
		}
		example = strings.Replace(example, off, "", 1)
	}
	return regexp.MustCompile(`(?m)^#(  .*|[^ ].*|$)`).ReplaceAllString(example, "$1")
}

func TestExampleUncommented(t *testing.T) {
	c, err := Parse(exampleFile, []byte(uncomment(t, readExample(t))))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Ingest.TokensFile = filepath.FromSlash("../../../examples/ingest_tokens")
	e := defaultExperiment()
	e.Name = "greeting"
	e.Variants = []Variant{{"short", 1}, {"warm", 1}}
	e.Control = "short"
	e.Primary = ResolutionRate
	e.Guardrails = []KPI{CSAT, CostUSD}
	e.PlannedConversations = 25_000
	e.Start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	e.End = e.Start.Add(28 * day)
	want.Experiments = []Experiment{e}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(c.Ingest.TokensFile); err != nil {
		t.Error(err)
	}
}

// A field that the file format does not have could never be set, and one that
// the example does not show would never be found.
func TestExampleShowsEveryField(t *testing.T) {
	d := newDocument("support_exporter.yml")
	d.read([]byte(uncomment(t, readExample(t))), d.config(Default()))
	if err := d.err(); err != nil {
		t.Fatal(err)
	}
	want := paths(reflect.TypeFor[Config](), "")
	if len(want) < 30 {
		t.Fatalf("only %d fields: %v", len(want), want)
	}
	for _, path := range want {
		if d.lines[path] == 0 {
			t.Errorf("%s is not shown", path)
		}
	}
}

// paths are where the fields of a struct stand in the file: a field's name
// there is the Go name in snake case.
func paths(s reflect.Type, prefix string) []string {
	var all []string
	for i := range s.NumField() {
		f := s.Field(i)
		path, typ := prefix+snake(f.Name), f.Type
		if f.Anonymous {
			all = append(all, paths(typ, prefix)...)
			continue
		}
		all = append(all, path)
		if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct {
			path, typ = index(path, 0), typ.Elem()
		}
		if typ.Kind() == reflect.Struct && typ != reflect.TypeFor[time.Time]() {
			all = append(all, paths(typ, path+".")...)
		}
	}
	return all
}

func snake(name string) string {
	words := regexp.MustCompile(`USD|[A-Z][a-z]+`).FindAllString(name, -1)
	return strings.ToLower(strings.Join(words, "_"))
}

// The reasons given beside a KPI or a limit are no help if they are not true.
func TestExampleNamesEveryKPI(t *testing.T) {
	example := readExample(t)
	for _, k := range KPIs() {
		if !strings.Contains(example, string(k)) {
			t.Errorf("%s is not shown", k)
		}
	}
}
