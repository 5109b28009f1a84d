package measure

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Partner is another program that a case measures. These are its rules. It prepares itself and prints "ready". When it
// reads a line, "go", it does what its arguments say, and prints how many operations it did, in how many seconds, and their
// median and 99th percentile in seconds, or zeros. It stays until its input ends. So no figure has the preparation or the
// exit in it, and the CPU time of a program in any language can be read while the program lives.
type Partner struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// NewPartner starts a program and waits until it is ready.
func NewPartner(ctx context.Context, name string, args ...string) (*Partner, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Partner{cmd, in, bufio.NewReader(out)}
	if line, err := p.line(); err != nil || line != "ready" {
		return nil, fmt.Errorf("%s is not ready but says %q, %w", cmd, line, p.broken(err))
	}
	return p, nil
}

// Pid is the process id of the program.
func (p *Partner) Pid() int { return p.cmd.Process.Pid }

// Close ends the input of the program, and waits for the program to end.
func (p *Partner) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}

func (p *Partner) line() (string, error) {
	line, err := p.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// broken kills a program that has broken the rules, and returns the error to report.
func (p *Partner) broken(err error) error {
	p.cmd.Process.Kill()
	if ended := p.Close(); ended != nil && (err == nil || err == io.EOF) {
		return ended
	}
	if err == nil {
		return errors.New("which is not what was asked")
	}
	return err
}

// Partner takes the sample in another program, which counts and times its own operations.
func (m *Meter) Partner(ctx context.Context, name string, args ...string) error {
	p, err := NewPartner(ctx, name, args...)
	if err != nil {
		return err
	}
	before := cpuBefore()
	if _, err := io.WriteString(p.in, "go\n"); err != nil {
		return p.broken(err)
	}
	line, err := p.line()
	cpu := cpuSince(before)
	if err != nil {
		return fmt.Errorf("%s: %w", p.cmd, p.broken(err))
	}
	var n int
	var seconds float64
	if _, err := fmt.Sscan(line, &n, &seconds, &m.sample.P50, &m.sample.P99); err != nil || n < 1 || seconds <= 0 {
		return fmt.Errorf("%s says %q, %w", p.cmd, line, p.broken(err))
	}
	m.record(n, seconds, cpu)
	return p.Close()
}
