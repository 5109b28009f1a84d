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

// module is the packages of the module below mp, as Linux has them, by their directory: "mp/pool".
type module struct {
	root     string
	fset     *token.FileSet
	packages map[string]*doc.Package
	nouns    map[string]string // what a public package calls a type of an internal one: "mp/internal/conn.Conn" to "connection.md#Conn"
}

// load reads them.
func load(root string) (*module, error) {
	m := &module{root: root, fset: token.NewFileSet(), packages: map[string]*doc.Package{}, nouns: map[string]string{}}
	err := filepath.WalkDir(filepath.Join(root, "mp"), func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == "testdata" {
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
	context := build.Default
	context.GOOS, context.GOARCH, context.CgoEnabled = "linux", "amd64", false
	b, err := context.ImportDir(dir, 0)
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

// internal says which type of an internal package a noun is another name for: "mp/internal/conn.Conn"; "" if it is none.
func (m *module) internal(p *doc.Package, t *doc.Type) string {
	spec := t.Decl.Specs[0].(*ast.TypeSpec)
	target, ok := spec.Type.(*ast.SelectorExpr)
	if !ok || spec.Assign == 0 || p.Name == "mp" {
		return ""
	}
	at := m.imported(p, target.X.(*ast.Ident).Name)
	if !strings.Contains(at, "/internal/") {
		return ""
	}
	return at + "." + target.Sel.Name
}

// imported is the directory of the package of this module that p imports by this name, "" if there is none.
func (m *module) imported(p *doc.Package, name string) string {
	for _, imported := range p.Imports {
		if at, ok := strings.CutPrefix(imported, path); ok && m.packages[at] != nil && m.packages[at].Name == name {
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
