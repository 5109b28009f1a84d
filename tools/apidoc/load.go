package main

import (
	"errors"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

const path = "github.com/go-multiprocessing/multiprocessing/"

// module is the packages below mp, as Linux has them.
type module struct {
	root     string
	fset     *token.FileSet
	packages map[string]*doc.Package // by directory: "mp/pool"
	nouns    map[string]string       // how a public package calls a type of an internal one: "mp/internal/conn.Conn" to "connection.md#Conn"
}

func load(root string) (*module, error) {
	m := &module{root, token.NewFileSet(), map[string]*doc.Package{}, map[string]string{}}
	err := filepath.WalkDir(filepath.Join(root, "mp"), func(dir string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "testdata":
			return fs.SkipDir
		}
		return m.add(dir)
	})
	for _, p := range m.public() {
		for _, t := range p.Types {
			if target := m.internal(p, t); target != "" {
				m.nouns[target] = p.Name + ".md#" + t.Name
			}
		}
	}
	return m, err
}

func (m *module) add(dir string) error {
	linux := build.Default
	linux.GOOS, linux.GOARCH, linux.CgoEnabled = "linux", "amd64", false
	b, err := linux.ImportDir(dir, 0)
	if none := new(build.NoGoError); errors.As(err, &none) {
		return nil
	} else if err != nil {
		return err
	}
	var files []*ast.File
	for _, name := range slices.Concat(b.GoFiles, b.TestGoFiles, b.XTestGoFiles) {
		f, err := parser.ParseFile(m.fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	at := m.relative(dir)
	m.packages[at], err = doc.NewFromFiles(m.fset, files, path+at)
	return err
}

// public are the packages that programs may import, mp first.
func (m *module) public() (ps []*doc.Package) {
	for _, at := range slices.Sorted(maps.Keys(m.packages)) {
		if !strings.Contains(at, "/internal/") {
			ps = append(ps, m.packages[at])
		}
	}
	return ps
}

// internal is the type of an internal package for which a noun is another name, "mp/internal/conn.Conn"; "" if it is none.
func (m *module) internal(p *doc.Package, t *doc.Type) string {
	target, ok := t.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.SelectorExpr)
	if !ok || p.Name == "mp" {
		return ""
	}
	if at := m.imported(p, target); strings.Contains(at, "/internal/") {
		return at + "." + target.Sel.Name
	}
	return ""
}

// imported is the package of this module to which p's conn.Conn belongs, "" if it is none of this module.
func (m *module) imported(p *doc.Package, name *ast.SelectorExpr) string {
	x, ok := name.X.(*ast.Ident)
	for _, imported := range p.Imports {
		if at, ours := strings.CutPrefix(imported, path); ok && ours && m.packages[at] != nil && m.packages[at].Name == x.Name {
			return at
		}
	}
	return ""
}

func (m *module) relative(file string) string {
	at, err := filepath.Rel(m.root, file)
	if err != nil {
		panic(err) // it was found below the root
	}
	return filepath.ToSlash(at)
}
