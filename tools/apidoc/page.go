package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// page is being written about a package.
type page struct {
	bytes.Buffer
	*module
	of *doc.Package
}

// page makes the page of a package.
func (m *module) page(of *doc.Package) []byte {
	p := &page{module: m, of: of}
	fmt.Fprintf(p, "---\npageClass: api\n---\n\n# Package %s\n\n```go\nimport %q\n```\n\n", of.Name, of.ImportPath)
	p.text(of.Doc, 2)
	p.examples(of.Examples)
	p.values("## Constants\n\n", of.Consts)
	p.values("## Variables\n\n", of.Vars)
	for _, f := range of.Funcs {
		p.function("##", f)
	}
	for _, t := range of.Types {
		fmt.Fprintf(p, "## type %s {#%[1]s}\n\n", t.Name)
		p.typ(t)
		if target := m.internal(of, t); target != "" {
			p.hidden(target)
		}
	}
	return p.Bytes()
}

func (p *page) typ(t *doc.Type) {
	p.declaration(t.Decl, t.Doc)
	p.examples(t.Examples)
	p.values("", t.Consts)
	p.values("", t.Vars)
	for _, f := range slices.Concat(t.Funcs, t.Methods) {
		p.function("###", f)
	}
}

// hidden is a type of an internal package, for which a public one has another name.
func (p *page) hidden(target string) {
	at, name, _ := strings.Cut(target, ".")
	inner := &page{module: p.module, of: p.packages[at]}
	for _, t := range inner.of.Types {
		if t.Name == name {
			t.Doc, t.Funcs = "", nil // the public package has its own
			inner.typ(t)
		}
	}
	p.Write(inner.Bytes())
}

func (p *page) values(title string, values []*doc.Value) {
	for _, v := range values {
		p.WriteString(title)
		p.declaration(v.Decl, v.Doc)
		title = ""
	}
}

var arguments = regexp.MustCompile(`\[.*|\*`) // of a type, and a star, in a receiver

func (p *page) function(level string, f *doc.Func) {
	name, title := f.Name, "func "+f.Name
	if f.Recv != "" {
		name = arguments.ReplaceAllString(f.Recv, "") + "." + f.Name
		title = name
	}
	fmt.Fprintf(p, "%s %s {#%s}\n\n", level, title, name)
	p.declaration(f.Decl, f.Doc)
	p.examples(f.Examples)
}

// declaration shows code and its text, with links to what of this module is in the code, and to the source.
func (p *page) declaration(decl ast.Decl, text string) {
	if decl, ok := decl.(*ast.GenDecl); ok {
		for _, spec := range decl.Specs {
			p.anchors(spec)
		}
	}
	p.code(decl)
	p.text(text, 4)
	links := map[string]bool{}
	ast.Inspect(decl, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && p.imported(p.of, s) != "" {
			name, to := fmt.Sprintf("%s.%s", s.X, s.Sel), p.address(p.imported(p.of, s), s.Sel.Name)
			if !strings.Contains(text, "["+name+"]") && !strings.HasPrefix(to, p.of.Name+".md") {
				links[fmt.Sprintf("[%s](%s)", name, to)] = true
			}
		}
		return true
	})
	where := p.fset.Position(decl.Pos())
	source := fmt.Sprintf("[source](../../%s#L%d)", p.relative(where.Filename), where.Line)
	fmt.Fprintf(p, "%s\n{.see}\n\n", strings.Join(append(slices.Sorted(maps.Keys(links)), source), " · "))
}

// anchors makes values, fields and the methods of an interface addresses.
func (p *page) anchors(spec ast.Spec) {
	names, prefix := []*ast.Ident{}, ""
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		names = spec.Names
	case *ast.TypeSpec:
		prefix = spec.Name.Name + "."
		ast.Inspect(spec.Type, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok {
				names = append(names, f.Names...)
			}
			return true
		})
	}
	for _, name := range names {
		if name.IsExported() {
			fmt.Fprintf(p, "<a id=%q></a>\n\n", prefix+name.Name)
		}
	}
}

func (p *page) code(node any) {
	var b bytes.Buffer
	if err := format.Node(&b, p.fset, node); err != nil {
		panic(err) // it has been parsed
	}
	fmt.Fprintf(p, "```go\n%s\n```\n\n", &b)
}

var block = regexp.MustCompile("(?s)^```go\n{\n(.*)\n}\n```\n")

// examples shows each with its Output comment, which the tests check.
func (p *page) examples(examples []*doc.Example) {
	for _, e := range examples {
		fmt.Fprintf(p, "::: details %s\n", strings.TrimSpace("Example "+e.Suffix))
		p.text(e.Doc, 5)
		code := &page{module: p.module}
		code.code(&printer.CommentedNode{Node: e.Code, Comments: e.Comments})
		p.Write(block.ReplaceAllFunc(code.Bytes(), func(code []byte) []byte {
			body := block.FindSubmatch(code)[1]
			return fmt.Appendf(nil, "```go%s\n```\n", bytes.ReplaceAll(append([]byte("\n"), body...), []byte("\n\t"), []byte("\n")))
		}))
		p.WriteString(":::\n\n")
	}
}

// text writes a doc comment, whose headings are of this level.
func (p *page) text(text string, level int) {
	printer := p.of.Printer()
	printer.HeadingLevel = level
	printer.DocLinkURL = func(l *comment.DocLink) string {
		to, ours := strings.CutPrefix(l.ImportPath, path)
		switch {
		case l.ImportPath == "":
			to = strings.TrimPrefix(p.of.ImportPath, path)
		case !ours:
			return l.DefaultURL("https://pkg.go.dev")
		}
		return p.address(to, strings.TrimPrefix(l.Recv+"."+l.Name, "."))
	}
	for _, b := range p.of.Parser().Parse(text).Content {
		if code, ok := b.(*comment.Code); ok {
			fmt.Fprintf(p, "```%s\n%s```\n\n", language(code.Text), code.Text)
		} else {
			fmt.Fprintf(p, "%s\n", escape(string(printer.Markdown(&comment.Doc{Content: []comment.Block{b}}))))
		}
	}
}

// language tells Go from what else stands in doc comments.
func language(code string) string {
	for _, before := range []string{"package p\n", "package p\nfunc _() {\n", "package p\nvar _ = x{\n"} {
		after := strings.Repeat("\n}", strings.Count(before, "{"))
		if _, err := parser.ParseFile(token.NewFileSet(), "", before+code+after, 0); err == nil {
			return "go"
		}
	}
	return "text"
}

// address is where a name of a package of this module is documented.
func (p *page) address(at, name string) string {
	typ, member, _ := strings.Cut(name, ".")
	noun := p.nouns[at+"."+typ]
	switch {
	case noun != "":
		return strings.TrimSuffix(noun+"."+member, ".")
	case strings.Contains(at, "/internal/"):
		return "../../" + at
	}
	return strings.TrimSuffix(p.packages[at].Name+".md#"+name, "#")
}

// escape keeps the site's templates away from a text.
func escape(text string) string { return strings.ReplaceAll(text, "{{", "&#123;&#123;") }
