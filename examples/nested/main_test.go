package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	out := program.Run(t)
	for _, want := range []string{
		`^2 workers with 2 workers each, ready in \S+\n`,
		`(?m)^PoolWorker-\d: 9592 primes from 0 to 100000$`,
		`(?m)^  PoolWorker-\d:\d: 5133 primes from 0 to 50000$`,
		`33860 primes below 400000\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	// A worker's helpers are its own children: their names begin with its name.
	for _, m := range regexp.MustCompile(`(?m)^(\S+): .*\n  (\S+): .*\n  (\S+): `).FindAllStringSubmatch(out, -1) {
		if !strings.HasPrefix(m[2], m[1]+":") || !strings.HasPrefix(m[3], m[1]+":") {
			t.Errorf("%s and %s have helped %s", m[2], m[3], m[1])
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
