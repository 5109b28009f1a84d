package main

import (
	"regexp"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	out := program.Run(t, "-limit", "6s") // on a busy machine it takes a while until flood is too large
	for _, want := range []string{
		`(?m)^greeting  Hello, world!$`,
		`(?m)^table     \[0\]\[1\]\[2\]$`,
		`(?m)^mistake   REFUSED: mp: untrusted\.render \(item 2\) failed in .*Missing`,
		`(?m)^endless   TOO SLOW: .*\(item 3\)`,
		`(?m)^flood     TOO LARGE: .*(used \d+ MiB, more than its limit of|its limit is) 256 MiB.*\(item 4\)`, // the pool noticed, or the kernel
		`(?m)^pit       (CRASHED: .*stack overflow|TOO LARGE: .*item 5|TOO SLOW: .*item 5)`,                   // whichever comes first
		`(?m)^thanks    Thank you, world\.$`,
		`(?m)^\d+ workers were started, \d died, \d were killed; this is still process \d+$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	t.Log(out)
}
