package main

import (
	"regexp"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	out, bar := program.Both(t)
	if want := "100 blocks, 2 of them barren; the nonce of the first is 119704\n"; out != want {
		t.Errorf("%q", out)
	}
	if !regexp.MustCompile(`^(\r\[#*\.*\] [^\r]+ left)*\r\[#{30}\] 100 %  100 of 100, 2 failed  +\d+/s      0s left\n$`).MatchString(bar) {
		t.Errorf("%q", bar)
	}
}
