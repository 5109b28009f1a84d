package measure

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text prints the table of a row for a terminal.
func (r *Result) Text(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", r.Name, r.title())
	columns(w, head, r.lines())
}

// Markdown prints the table of a row for a page.
func (r *Result) Markdown(w io.Writer) {
	fmt.Fprintf(w, "**%s**: %s\n\n", r.Name, r.title())
	cells(w, head, r.lines())
}

func (r *Result) lines() (lines [][]string) {
	for i := range r.Figures {
		lines = append(lines, r.line(i))
	}
	return lines
}

// columns prints lines for a terminal. A text in place of missing figures does not widen the columns.
func columns(w io.Writer, head []string, lines [][]string) {
	lines = slices.Insert(lines, 0, head)
	width := make([]int, len(head))
	for _, line := range lines {
		if len(line) < len(head) {
			line = line[:1]
		}
		for k, cell := range line {
			width[k] = max(width[k], utf8.RuneCountInString(cell))
		}
	}
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

// cells prints lines for a page. It leaves out columns that no line fills, except the first two.
func cells(w io.Writer, head []string, lines [][]string) {
	filled := make([]bool, len(head))
	align := slices.Repeat([]string{"--:"}, len(head))
	align[0], align[len(head)-1] = "---", "---"
	for _, line := range lines {
		for k := range line {
			filled[k] = filled[k] || line[k] != ""
		}
	}
	for _, line := range slices.Insert(lines, 0, head, align) {
		fmt.Fprint(w, "|")
		for k, has := range filled {
			if has || k < 2 {
				cell := ""
				if k < len(line) {
					cell = strings.ReplaceAll(line[k], "|", `\|`)
				}
				fmt.Fprintf(w, " %s |", cell)
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

// The kinds of tables that a page has marks for.
const (
	Figures = "figures"           // the tables of rows
	Rivals  = "figures of rivals" // the tables of a Standing
)

// Fill writes figures into a page, between the two marks of their kind. A page that does not exist is made of figures
// alone.
func Fill(name, kind string, figures []byte) error {
	begin, end := "<!-- "+kind+" -->\n", "<!-- end of "+kind+" -->"
	page, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return os.WriteFile(name, figures, 0o644)
	}
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(page, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks between which %s go: %q and %q", name, kind, begin, end)
	}
	page = fmt.Appendf(nil, "%s%s\n%s\n%s%s", before, begin, bytes.TrimSpace(figures), end, after)
	return os.WriteFile(name, page, 0o644)
}
