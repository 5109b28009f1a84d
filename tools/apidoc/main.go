// Command apidoc writes the API reference of the site: a Markdown page for every package that programs may import, made of
// its doc comments, and an index of them.
//
//	go run ./apidoc .. ../docs/api
//
// A declaration, a field and a method have the fragments of pkg.go.dev: #Pool, #Options.Workers, #Pool.Close.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: apidoc root out")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}

// write replaces the pages in the directory out with those of the module in the directory root.
func write(root, out string) error {
	m, err := load(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	var index bytes.Buffer
	fmt.Fprint(&index, "# API reference\n\nPackage mp has what most programs need; its names are aliases of the others'.\n\n| package | |\n|---|---|\n")
	for _, p := range m.public() {
		if err := os.WriteFile(filepath.Join(out, p.Name+".md"), m.page(p), 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&index, "| [%s](%s.md) | %s |\n", p.Name, p.Name, escape(p.Synopsis(p.Doc)))
	}
	return os.WriteFile(filepath.Join(out, "index.md"), index.Bytes(), 0o666)
}
