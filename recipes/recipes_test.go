package recipes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages show what is here.
var pages = []string{"../docs/RECIPES.md", "../docs/SHARING.md", "../docs/DATALOADER.md"}

// block is a fenced block of a page: its language, its text, and the file, or the region of a file, that it shows.
type block struct{ from, language, text string }

var fence = regexp.MustCompile("(?ms)^(?:<!-- ([^ ]+) -->\n)?```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T) (all []block) {
	t.Helper()
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			all = append(all, block{m[1], m[2], m[3]})
		}
	}
	return all
}

// Every program and every output on the pages is that of a file here, which is compiled and run.
func TestPageShowsWhatRuns(t *testing.T) {
	shown := make(map[string]bool)
	for _, b := range blocks(t) {
		if b.language == "sh" {
			continue
		}
		if b.from == "" {
			t.Errorf("a block says not which file it shows:\n%s", b.text)
			continue
		}
		path, _, _ := strings.Cut(b.from, "#")
		shown[filepath.Dir(path)] = true
		want, err := source(b.from)
		if err != nil {
			t.Errorf("%s: %v", b.from, err)
			continue
		}
		if b.language == "diff" {
			b.text = after(b.text)
		}
		if b.text != want {
			t.Errorf("%s is on the page as\n%s\nand in the file as\n%s", b.from, b.text, want)
		}
	}
	files, _ := filepath.Glob("*/*.go")
	more, _ := filepath.Glob("tests/*/*.go")
	for _, file := range append(files, more...) {
		if dir := filepath.Dir(file); !shown[dir] && !strings.HasPrefix(dir, "internal") {
			t.Errorf("%s is not on the page", dir)
		}
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
	return strings.TrimSuffix(text, "\n"), nil
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
