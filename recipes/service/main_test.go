//go:build unix

package main

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestService(t *testing.T) {
	p := program.Start(t)
	address, found := strings.CutPrefix(p.Line(t), "listening on ")
	if !found {
		t.Fatal(address)
	}
	for query, want := range map[string]string{"12": "144\n", "x": "n is no number\n"} {
		r, err := http.Get("http://" + address + "/square?n=" + query)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if string(b) != want || err != nil {
			t.Errorf("%s: %q, %v", query, b, err)
		}
	}
	p.Signal(syscall.SIGTERM)
	p.End(t).Wants(t, 0, "", "")
}
