package recipes

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are those of docs, but for what is generated or installed there, and README.md.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"../README.md"}
	err := filepath.WalkDir("../docs", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch d.Name() {
		case "api", "node_modules", "test", ".vitepress":
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			all = append(all, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// block is a fenced block of a page: its language, its text, and the file, or the region of a file, that it shows.
type block struct{ page, from, language, text string }

var fence = regexp.MustCompile("(?ms)^(?:<!-- ([^ ]+) -->\n)?```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T) (all []block) {
	t.Helper()
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			all = append(all, block{page, m[1], m[2], m[3]})
		}
	}
	return all
}

// Every program and every output on the pages is that of a file, which is compiled and run. A block without a language is a drawing,
// or what another program says, or the figures of a long run.
func TestPagesShowWhatRuns(t *testing.T) {
	shown := make(map[string]bool)
	for _, b := range blocks(t) {
		if b.language == "sh" || b.language == "" {
			continue
		}
		if b.from == "" {
			t.Errorf("%s: a block says not which file it shows:\n%s", b.page, b.text)
			continue
		}
		path, _, _ := strings.Cut(b.from, "#")
		shown[filepath.Dir(path)] = true
		want, err := source(b.from)
		if err != nil {
			t.Errorf("%s: %s: %v", b.page, b.from, err)
			continue
		}
		if b.language == "diff" {
			b.text = after(b.text)
		}
		if b.text != want {
			t.Errorf("%s is on %s as\n%s\nand in the file as\n%s", b.from, b.page, b.text, want)
		}
	}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		dir := filepath.Dir(path)
		if filepath.Ext(path) == ".go" && dir != "." && !shown[dir] && !strings.HasPrefix(dir, "internal") {
			t.Errorf("%s is on no page", dir)
			shown[dir] = true
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// source is a file, or a region of it: file.go#name.
func source(from string) (string, error) {
	path, name, part := strings.Cut(from, "#")
	b, err := os.ReadFile(path)
	text := string(b)
	if err != nil || !part {
		return text, err
	}
	_, text, found := strings.Cut(text, "// region "+name+"\n")
	if !found {
		return "", fmt.Errorf("there is no region %s", name)
	}
	text, _, found = strings.Cut(text, "// endregion\n")
	if !found {
		return "", fmt.Errorf("the region %s has no end", name)
	}
	return outdent(text), nil
}

// outdent takes from every line the tabs that the last one begins with, which is the mark of the region's end, and the empty line
// before it.
func outdent(text string) string {
	at := strings.LastIndexByte(text, '\n') + 1
	text, tabs := text[:at], text[at:]
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimPrefix(line, tabs))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// after is what a diff leaves.
func after(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "-") {
			b.WriteString(line[min(1, len(line)-1):])
		}
	}
	return b.String()
}
