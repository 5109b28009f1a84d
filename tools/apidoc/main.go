// Command apidoc writes the API reference of the site: a Markdown page for every package that programs may import, made of
// its doc comments, and an index of them.
//
//	go run ./apidoc .. ../docs/api
//
// Declarations, fields and methods have the fragments of pkg.go.dev: #Pool, #Options.Workers, #Pool.Close.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: apidoc root out")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal("apidoc: ", err)
	}
}

// write replaces the pages in the directory out by those of the module in the directory root.
func write(root, out string) error {
	m, err := load(root)
	if err != nil {
		return err
	}
	index := bytes.NewBufferString("# API reference\n\nThe names of package mp are other names for those of the rest.\n\n| package | |\n|---|---|\n")
	pages := map[string][]byte{}
	for _, p := range m.public() {
		pages[p.Name+".md"] = m.page(p)
		fmt.Fprintf(index, "| [%s](%s.md) | %s |\n", p.Name, p.Name, escape(p.Synopsis(p.Doc)))
	}
	pages["index.md"] = index.Bytes()
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(out, name), page, 0o666); err != nil {
			return err
		}
	}
	return nil
}
