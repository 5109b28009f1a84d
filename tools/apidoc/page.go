package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/printer"
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
	fmt.Fprintf(p, "# Package %s\n\n```go\nimport %q\n```\n\n", of.Name, of.ImportPath)
	p.text(of.Doc, 2)
	p.examples(of.Examples)
	p.values("Constants", of.Consts)
	p.values("Variables", of.Vars)
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

// typ is what there is to say of a type, but for its name.
func (p *page) typ(t *doc.Type) {
	p.members(t)
	p.declaration(t.Decl, t.Doc)
	p.examples(t.Examples)
	p.values("", t.Consts)
	p.values("", t.Vars)
	for _, f := range slices.Concat(t.Funcs, t.Methods) {
		p.function("###", f)
	}
}

// hidden is a type of an internal package, which a public one has as an alias.
func (p *page) hidden(target string) {
	at, name, _ := strings.Cut(target, ".")
	inner := &page{module: p.module, of: p.packages[at]}
	for _, t := range inner.of.Types {
		if t.Name == name {
			t.Doc, t.Funcs = "", nil // the alias has a text, and its package functions of its own
			inner.typ(t)
		}
	}
	p.Write(inner.Bytes())
}

func (p *page) values(title string, values []*doc.Value) {
	if title != "" && len(values) > 0 {
		fmt.Fprintf(p, "## %s\n\n", title)
	}
	for _, v := range values {
		p.anchors("", v.Names)
		p.declaration(v.Decl, v.Doc)
	}
}

func (p *page) function(level string, f *doc.Func) {
	if f.Recv == "" {
		fmt.Fprintf(p, "%s func %s {#%[2]s}\n\n", level, f.Name)
	} else {
		fmt.Fprintf(p, "%s %s.%s {#%[2]s.%[3]s}\n\n", level, strings.Trim(regexp.MustCompile(`\[.*`).ReplaceAllString(f.Recv, ""), "*"), f.Name)
	}
	p.declaration(f.Decl, f.Doc)
	p.examples(f.Examples)
}

// members makes the exported fields or methods in a type's declaration addresses.
func (p *page) members(t *doc.Type) {
	var fields *ast.FieldList
	switch of := t.Decl.Specs[0].(*ast.TypeSpec).Type.(type) {
	case *ast.StructType:
		fields = of.Fields
	case *ast.InterfaceType:
		fields = of.Methods
	default:
		return
	}
	var names []string
	for _, f := range fields.List {
		for _, name := range f.Names {
			names = append(names, name.Name)
		}
	}
	p.anchors(t.Name+".", names)
}

func (p *page) anchors(prefix string, names []string) {
	for _, name := range names {
		if ast.IsExported(name) {
			fmt.Fprintf(p, "<a id=%q></a>", prefix+name)
		}
	}
	fmt.Fprint(p, "\n\n")
}

// declaration shows the code, the text, links to the types of this module in the code, and one to the source.
func (p *page) declaration(decl ast.Decl, text string) {
	p.code(decl)
	p.text(text, 4)
	links := map[string]bool{}
	ast.Inspect(decl, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && p.imported(p.of, x.Name) != "" && !strings.Contains(text, "["+x.Name+"."+s.Sel.Name+"]") {
				links[fmt.Sprintf("[%s.%s](%s)", x.Name, s.Sel.Name, p.address(path+p.imported(p.of, x.Name), s.Sel.Name))] = true
			}
		}
		return true
	})
	where := p.fset.Position(decl.Pos())
	source := fmt.Sprintf("[source](../../%s#L%d)", p.relative(where.Filename), where.Line)
	fmt.Fprintf(p, "%s\n{.see}\n\n", strings.Join(append(slices.Sorted(maps.Keys(links)), source), " · "))
}

// code shows a declaration or a statement of the program.
func (p *page) code(node any) {
	var b bytes.Buffer
	if err := format.Node(&b, p.fset, node); err != nil {
		panic(err) // it has been parsed
	}
	text := b.String()
	if c, ok := node.(*printer.CommentedNode); ok {
		if _, ok := c.Node.(*ast.BlockStmt); ok {
			text = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), "\n\t", "\n")
		}
	}
	fmt.Fprintf(p, "```go\n%s\n```\n\n", strings.Trim(text, "\n"))
}

var output = regexp.MustCompile(`(?is)\n\s*// (unordered )?output:.*?(\n}|$)`)

func (p *page) examples(examples []*doc.Example) {
	for _, e := range examples {
		fmt.Fprintf(p, "::: details %s\n", strings.TrimSpace("Example "+e.Suffix))
		p.text(e.Doc, 5)
		at := p.Len()
		p.code(&printer.CommentedNode{Node: e.Code, Comments: e.Comments})
		shown := output.ReplaceAllString(strings.TrimSuffix(string(p.Bytes()[at:]), "\n```\n\n"), "$2")
		p.Truncate(at)
		fmt.Fprintf(p, "%s\n```\n", shown)
		if e.Output != "" {
			fmt.Fprintf(p, "prints\n```text\n%s\n```\n", strings.TrimRight(e.Output, "\n"))
		}
		fmt.Fprint(p, ":::\n\n")
	}
}

// text writes a doc comment, whose headings are of this level.
func (p *page) text(text string, level int) {
	printer := p.of.Printer()
	printer.HeadingLevel = level
	printer.DocLinkURL = func(l *comment.DocLink) string {
		to, name := l.ImportPath, l.Name
		if to == "" {
			to = p.of.ImportPath
		}
		if l.Recv != "" {
			name = l.Recv + "." + name
		}
		return p.address(to, name)
	}
	for _, block := range p.of.Parser().Parse(text).Content {
		if code, ok := block.(*comment.Code); ok {
			fmt.Fprintf(p, "```go\n%s```\n\n", code.Text)
			continue
		}
		fmt.Fprintf(p, "%s\n", escape(string(printer.Markdown(&comment.Doc{Content: []comment.Block{block}}))))
	}
}

// address is where a name of a package is documented.
func (p *page) address(to, name string) string {
	fragment := ""
	if name != "" {
		fragment = "#" + name
	}
	at, ours := strings.CutPrefix(to, path)
	typ, member, _ := strings.Cut(name, ".")
	noun := p.nouns[at+"."+typ]
	switch {
	case !ours:
		return "https://pkg.go.dev/" + to + fragment
	case noun != "" && member != "":
		return noun + "." + member
	case noun != "":
		return noun
	case strings.Contains(at, "/internal/"):
		return "../../" + at
	}
	return p.packages[at].Name + ".md" + fragment
}

// escape keeps the site's templates away from a text.
func escape(text string) string { return strings.ReplaceAll(text, "{{", "&#123;&#123;") }
