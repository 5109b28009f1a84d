package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestEnds(t *testing.T) {
	want := program.File(t, "ends.txt")
	var got strings.Builder
	for _, way := range []string{"return", "error", "mp.Exit", "os.Exit", "log.Fatal", "panic"} {
		r := program.Run(t, way).Readable()
		fmt.Fprintf(&got, "$ ends %s\n%s%sexit code %d\n", way, r.Stdout, r.Stderr, r.Code)
	}
	if got.String() != want {
		t.Errorf("%s", got.String())
	}
}
