package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// limit is the time after which a sample is given up. It is longer than any sample takes on a busy machine.
const limit = 2 * time.Minute

// Runner takes the samples of rows. The program Command has two modes: with the arguments sample ROW CASE it prints a
// Sample as JSON, with the argument hog it computes until it is killed.
type Runner struct {
	Command string
	Rounds  int
	Quick   bool
	Vars    []string           // added to the environment of all samples
	Place   Place              // of all samples
	Missing func(string) error // says why a program that a case needs is missing; nil: it is not
	Log     io.Writer          // gets a line for each sample
}

// Result is what came out of a row.
type Result struct {
	Row     Row `json:"-"`
	Name    string
	Place   string `json:",omitempty"`
	Figures []Figure
}

// Figure is what came out of a case.
type Figure struct {
	Case    string
	Missing string   `json:",omitempty"` // why there are no samples
	Samples []Sample `json:",omitempty"` // one of each round
	Err     string   `json:",omitempty"` // the first thing that went wrong
}

// Run takes the samples of a row, round by round. Each round begins with another case, so that none is always the first. A
// case that fails is not tried again.
func (r *Runner) Run(ctx context.Context, row Row) (Result, error) {
	res := Result{Row: row, Name: row.Name, Place: r.Place.Name, Figures: make([]Figure, len(row.Cases))}
	for i, c := range row.Cases {
		res.Figures[i].Case = c.Name
		for _, need := range c.Needs {
			if err := r.Missing(need); err != nil && res.Figures[i].Missing == "" {
				res.Figures[i].Missing = err.Error()
			}
		}
	}
	if r.Place.CPUs != "" {
		if err := r.Missing("taskset " + r.Place.CPUs); err != nil {
			for i := range res.Figures {
				res.Figures[i].Missing = err.Error()
			}
			return res, nil
		}
	}
	for round := range r.Rounds {
		for k := range row.Cases {
			i := (round + k) % len(row.Cases)
			f := &res.Figures[i]
			if f.Missing != "" || f.Err != "" {
				continue
			}
			s, err := r.sample(ctx, row, row.Cases[i])
			if ctx.Err() != nil {
				return res, context.Cause(ctx)
			}
			if err != nil {
				f.Err = err.Error()
				fmt.Fprintf(r.Log, "%s, %s: %v\n", row.Name, f.Case, err)
				continue
			}
			f.Samples = append(f.Samples, s)
			fmt.Fprintf(r.Log, "%s, round %d, %s: %s\n", row.Name, round+1, f.Case, row.Unit.Format(s.Value))
		}
	}
	return res, nil
}

// sample has another process take a sample. That process leads a process group, so that at the limit, or when ctx ends, the
// processes that it has started are killed with it.
func (r *Runner) sample(ctx context.Context, row Row, c Case) (s Sample, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it has not ended in %v", limit))
	defer cancel()
	vars := append(append(os.Environ(), r.Vars...), r.Place.Vars...)
	vars = append(vars, c.Vars...)
	args := []string{r.Command, "sample", row.Name, c.Name}
	if r.Quick {
		args = []string{r.Command, "-quick", "sample", row.Name, c.Name}
	}
	if r.Place.CPUs != "" {
		args = append([]string{"taskset", "-c", r.Place.CPUs}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out, complaints bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = vars, &out, &complaints
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // its children may hold the pipes a little longer
	began, busyBefore, ownBefore := time.Now(), busy(), cpuOwn()
	endHogs, err := r.hogs(ctx)
	if err == nil {
		err = cmd.Run()
	}
	endHogs() // before cpuOwn, which has the hogs' time only once they are waited for
	if cause := context.Cause(ctx); cause != nil {
		return s, cause
	}
	if err != nil {
		return s, fmt.Errorf("%w: %s", err, lastLine(complaints.Bytes()))
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return s, fmt.Errorf("%w: %q", err, out.Bytes())
	}
	others := (busy() - busyBefore) - (cpuOwn() - ownBefore)
	s.Other = max(0, float64(others)/float64(time.Since(began)))
	return s, nil
}

// hogs starts the hogs of the place, and returns a function that ends them, also with an error.
func (r *Runner) hogs(ctx context.Context) (end func(), err error) {
	ctx, kill := context.WithCancel(ctx)
	var started []*exec.Cmd
	for range r.Place.Hogs {
		hog := exec.CommandContext(ctx, r.Command, "hog")
		hog.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err = hog.Start(); err != nil {
			break
		}
		started = append(started, hog)
	}
	return func() {
		kill()
		for _, hog := range started {
			hog.Wait()
		}
	}, err
}

// Take takes one sample and prints it. It runs in the process that Runner starts for a sample.
func Take(ctx context.Context, row Row, name string, quick bool, out io.Writer) error {
	c, err := row.Find(name)
	if err != nil {
		return err
	}
	m := NewMeter(row.Unit, quick)
	if err := c.Measure(ctx, m); err != nil {
		return err
	}
	s, err := m.Sample()
	return errors.Join(err, json.NewEncoder(out).Encode(s))
}

func lastLine(b []byte) []byte {
	b = bytes.TrimSpace(b)
	return b[bytes.LastIndexByte(b, '\n')+1:]
}
