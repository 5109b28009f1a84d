package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// changing is what differs from run to run: the time, pids, and lines of the library's own files.
var changing = regexp.MustCompile(`^\S+Z|\d+: process|\bpid \d+|^mp\[\d+\]`)

// lines are the lines of text, without what changes; those of several processes come in no order.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, changing.ReplaceAllString(line, "…"))
	}
	slices.Sort(all)
	return all
}

func TestInside(t *testing.T) {
	r := program.Run(t)
	if r.Code != 0 || !slices.Equal(lines(r.Stderr), lines(program.File(t, "output.txt"))) {
		t.Errorf("%+v", r)
	}
	t.Setenv("MP_DEBUG", "1")
	r = program.Run(t)
	var steps strings.Builder
	for line := range strings.Lines(r.Stderr) {
		if strings.HasPrefix(line, "mp[") {
			steps.WriteString(line)
		}
	}
	if r.Code != 0 || !slices.Equal(lines(steps.String()), lines(program.File(t, "debug.txt"))) {
		t.Errorf("%+v", r)
	}
}
