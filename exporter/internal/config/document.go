package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one file while it is read. Decoding into tagged structs would be
// shorter, but would know neither the path nor the line of a value that is of
// the right type and still wrong, would stop at the first value that is not,
// and would take 1.5 for an integer and an empty value for none.
type document struct {
	file     string
	lines    map[string]int // of each path that was met
	problems []problem
}

type problem struct {
	path string // as in "labels.intent.allow[2]"; "" for the file as a whole
	line int    // 0 if not known
	text string
}

// value reads the node at path into whatever it was made for, and leaves that
// alone if the node is wrong.
type value func(path string, n node)

// fields are those that a mapping may have.
type fields map[string]value

// node is a node of the YAML tree, with aliases resolved.
type node struct{ *yaml.Node }

func newDocument(file string) *document {
	return &document{file: file, lines: make(map[string]int)}
}

// read parses the content and reads its only document with v. Nothing at all,
// or nothing but comments, is a valid document that says nothing.
func (d *document) read(content []byte, v value) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var root, second yaml.Node
	err := dec.Decode(&root)
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		d.failAt(0, "", "%s", err)
		return
	}
	if top := root.Content[0]; top.ShortTag() != "!!null" || top.Value != "" {
		d.visit("", top.Line, top, v)
	}
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.failAt(0, "", "%s", err)
	default:
		d.failAt(second.Line, "", "must be one document, got a second one")
	}
}

func (d *document) visit(path string, line int, n *yaml.Node, v value) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.lines[path] = line
	v(path, node{n})
}

// object reads a mapping.
func (d *document) object(fs fields) value {
	return func(path string, n node) {
		if n.Kind != yaml.MappingNode {
			d.fail(path, "must be a mapping, got %s", n)
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field := strings.TrimPrefix(path+"."+key.Value, ".")
			v, known := fs[key.Value]
			first, again := d.lines[field]
			switch {
			case key.Kind != yaml.ScalarNode || !known:
				d.failAt(key.Line, path, "unknown field %s, must be one of %s", node{key}, names(slices.Sorted(maps.Keys(fs))))
			case again:
				d.failAt(key.Line, field, "must be given once, but is already on line %d", first)
			default:
				d.visit(field, key.Line, n.Content[i+1], v)
			}
		}
	}
}

// list reads a sequence of lo to hi items. It replaces what dst held, and none
// at all is nil.
func list[T any](d *document, dst *[]T, lo, hi int, item func(*T) value) value {
	return func(path string, n node) {
		if n.Kind != yaml.SequenceNode {
			d.fail(path, "must be a list, got %s", n)
			return
		}
		if l := len(n.Content); l < lo || l > hi {
			d.fail(path, "must have from %d to %d values, got %d", lo, hi, l)
			return
		}
		*dst = nil
		for i, c := range n.Content {
			var t T
			d.visit(index(path, i), c.Line, c, item(&t))
			*dst = append(*dst, t)
		}
	}
}

// with runs a check after v, for what only the whole value can show.
func (d *document) with(v value, check func(path string)) value {
	return func(path string, n node) {
		v(path, n)
		check(path)
	}
}

// require checks that the mapping at path has the fields.
func (d *document) require(path string, fields ...string) {
	for _, f := range fields {
		if _, met := d.lines[path+"."+f]; !met {
			d.fail(path+"."+f, "must be given")
		}
	}
}

// distinct checks that no two items of the list at path have the same key;
// field is where in an item it stands. An empty key is wrong for other reasons.
func distinct[T any](d *document, path, field string, items []T, key func(T) string) {
	first := make(map[string]int, len(items))
	for i, item := range items {
		k := key(item)
		if j, again := first[k]; again && k != "" {
			d.fail(index(path, i)+field, "must be distinct, but %q is the same as %s", k, index(path, j)+field)
			continue
		}
		first[k] = i
	}
}

// ok says whether nothing was wrong at path and below it.
func (d *document) ok(path string) bool {
	return !slices.ContainsFunc(d.problems, func(p problem) bool { return strings.HasPrefix(p.path, path) })
}

// fail notes what is wrong with the value at path. A value that is not in the
// file is looked for on the line of what it should be part of.
func (d *document) fail(path, format string, args ...any) {
	at := path
	line, met := d.lines[at]
	for !met && at != "" {
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
		line, met = d.lines[at]
	}
	d.failAt(line, path, format, args...)
}

// failEach notes each of the problems that err joins, if there are any.
func (d *document) failEach(path string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			d.fail(path, "%s", err)
		}
	} else if err != nil {
		d.fail(path, "%s", err)
	}
}

func (d *document) failAt(line int, path, format string, args ...any) {
	d.problems = append(d.problems, problem{path, line, fmt.Sprintf(format, args...)})
}

// err joins the problems in the order of their lines.
func (d *document) err() error {
	slices.SortStableFunc(d.problems, func(a, b problem) int { return a.line - b.line })
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		text := d.file + ": "
		if p.line > 0 {
			text = fmt.Sprintf("%s:%d: ", d.file, p.line)
		}
		if p.path != "" {
			text += p.path + ": "
		}
		errs[i] = errors.New(text + p.text)
	}
	return errors.Join(errs...)
}

func index(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}

func names[S ~string](all []S) string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return strings.Join(out, ", ")
}
