package measure

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// Text prints the table of a row for a terminal. The last column, and what stands for missing figures, are as wide as they like.
func (r *Result) Text(w io.Writer) {
	lines := [][]string{head}
	for i := range r.Figures {
		lines = append(lines, r.line(i))
	}
	width := make([]int, len(head))
	for _, line := range lines {
		if len(line) < len(head) {
			line = line[:1]
		}
		for k, cell := range line {
			width[k] = max(width[k], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintf(w, "%s: %s\n", r.Name, r.title())
	for _, line := range lines {
		var b strings.Builder
		for k, cell := range line {
			pad := strings.Repeat(" ", max(0, width[k]-utf8.RuneCountInString(cell)))
			if k == 0 || k == len(line)-1 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	fmt.Fprintln(w)
}

// Markdown prints it for a page. Columns in which no case has anything are left out.
func (r *Result) Markdown(w io.Writer) {
	var lines [][]string
	filled := make([]bool, len(head))
	for i := range r.Figures {
		line := r.line(i)
		for k := range line {
			filled[k] = filled[k] || line[k] != ""
		}
		lines = append(lines, line)
	}
	fmt.Fprintf(w, "**%s**: %s\n\n", r.Name, r.title())
	row := func(cells []string) {
		fmt.Fprint(w, "|")
		for k, has := range filled {
			if has || k < 2 {
				cell := ""
				if k < len(cells) {
					cell = strings.ReplaceAll(cells[k], "|", `\|`)
				}
				fmt.Fprintf(w, " %s |", cell)
			}
		}
		fmt.Fprintln(w)
	}
	row(head)
	row([]string{"---", "--:", "--:", "--:", "--:", "--:", "--:", "---"})
	for _, line := range lines {
		row(line)
	}
	fmt.Fprintln(w)
}

// What a page has around the figures that are to be replaced.
const (
	beginMark = "<!-- figures -->\n"
	endMark   = "<!-- end of figures -->"
)

// Fill writes figures into a page, between its two marks; a page that is not there is made.
func Fill(name string, figures []byte) error {
	page, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return os.WriteFile(name, figures, 0o644)
	}
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(page, []byte(beginMark))
	_, after, ok2 := bytes.Cut(rest, []byte(endMark))
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks between which figures go: %q and %q", name, beginMark, endMark)
	}
	page = fmt.Appendf(nil, "%s%s\n%s\n%s%s", before, beginMark, bytes.TrimSpace(figures), endMark, after)
	return os.WriteFile(name, page, 0o644)
}
