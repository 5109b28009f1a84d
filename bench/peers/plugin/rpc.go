package main

import (
	"net/rpc"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Server has the methods that are called.
type Server struct{}

func (*Server) Echo(b []byte, result *[]byte) error { *result = b; return nil }

func (*Server) Twice(n int, result *int) error { *result = 2 * n; return nil }

func (*Server) Take(b []byte, result *int) error {
	for i := 0; i < len(b); i += 4096 {
		*result += int(b[i])
	}
	return nil
}

func (*Server) Stuck(int, *int) error { time.Sleep(time.Minute); return nil }

const rpcMark = "BENCH_RPC"

// rwc is an io.ReadWriteCloser of two pipes.
type rwc struct{ r, w *os.File }

func (c rwc) Read(b []byte) (int, error)  { return c.r.Read(b) }
func (c rwc) Write(b []byte) (int, error) { return c.w.Write(b) }

func (c rwc) Close() error {
	c.w.Close()
	return c.r.Close()
}

// serveRPC serves calls and exits if this process is a child of newRPC.
func serveRPC() {
	if os.Getenv(rpcMark) == "" {
		return
	}
	s := rpc.NewServer()
	s.RegisterName("Plugin", new(Server))
	s.ServeConn(rwc{os.NewFile(3, "in"), os.NewFile(4, "out")})
	os.Exit(0)
}

type process struct {
	*rpc.Client
	cmd *exec.Cmd
}

func newRPC() (caller, error) {
	theirR, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r, theirW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), rpcMark+"=1")
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{theirR, theirW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Start()
	theirR.Close()
	theirW.Close()
	return &process{rpc.NewClient(rwc{r, w}), cmd}, err
}

func (p *process) Call(method string, argument, result any) error {
	return p.Client.Call("Plugin."+method, argument, result)
}

func (p *process) Go(method string, argument, result any) *rpc.Call {
	return p.Client.Go("Plugin."+method, argument, result, nil)
}

func (p *process) Pid() int { return p.cmd.Process.Pid }

func (p *process) Close() {
	p.Client.Close()
	p.cmd.Wait()
}
