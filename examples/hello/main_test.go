package main

import (
	"regexp"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	out := program.Run(t)
	for _, want := range []string{
		`(?m)^MainProcess \(pid \d+\) starts a process$`,
		`(?m)^  hello bob, I am Process-1 \(pid \d+\), a child of MainProcess \(pid \d+\)$`,
		`(?m)^it answered "greetings from \d+"$`,
		`(?m)^<Process name='Process-1' pid=\d+ parent=\d+ stopped exitcode=0>$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	pids := regexp.MustCompile(`(?s)^MainProcess \(pid (\d+)\).*I am Process-1 \(pid (\d+)\).*MainProcess \(pid (\d+)\).*from (\d+)"`).FindStringSubmatch(out)
	if pids == nil || pids[1] != pids[3] || pids[2] != pids[4] || pids[1] == pids[2] {
		t.Errorf("parent, child, parent of the child, and author of the answer are %q", pids)
	}
	if t.Failed() {
		t.Log(out)
	}
}

// A test may also run Greet in a process of its own, without building the program.
func TestGreet(t *testing.T) {
	p, err := mp.Start(t.Context(), Greet, "eve", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.Result(t.Context())
	if err != nil || !regexp.MustCompile(`^greetings from \d+$`).MatchString(answer) {
		t.Errorf("answer %q, error %v", answer, err)
	}
}
