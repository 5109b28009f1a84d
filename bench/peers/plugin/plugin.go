package main

import (
	"errors"
	"net/rpc"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "BENCH_PLUGIN", MagicCookieValue: "server"}

type served struct{}

func (served) Server(*plugin.MuxBroker) (any, error) { return new(Server), nil }

func (served) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return c, nil }

// servePlugin serves calls and exits if this process is a child of newPlugin.
func servePlugin() {
	if os.Getenv(handshake.MagicCookieKey) == "" {
		return
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake, Plugins: plugin.PluginSet{"server": served{}}, Logger: hclog.NewNullLogger(),
	})
	os.Exit(0)
}

type plugged struct {
	*rpc.Client
	host *plugin.Client
	pid  int
}

func newPlugin() (caller, error) {
	cmd := exec.Command(os.Args[0])
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	host := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake, Plugins: plugin.PluginSet{"server": served{}}, Cmd: cmd, Logger: hclog.NewNullLogger(),
	})
	protocol, err := host.Client()
	if err != nil {
		host.Kill()
		return nil, err
	}
	raw, err := protocol.Dispense("server")
	if err != nil {
		host.Kill()
		return nil, err
	}
	return &plugged{raw.(*rpc.Client), host, cmd.Process.Pid}, nil
}

func (p *plugged) Call(method string, argument, result any) error {
	return p.Client.Call("Plugin."+method, argument, result)
}

func (p *plugged) Go(method string, argument, result any) *rpc.Call {
	return p.Client.Go("Plugin."+method, argument, result, nil)
}

func (p *plugged) Pid() int { return p.pid }

func (p *plugged) Close() { p.host.Kill() }

func first() (time.Duration, error) {
	began := time.Now()
	c, err := newPlugin()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var r int
	err = c.Call("Twice", 7, &r)
	return time.Since(began), err
}

// crash measures from kill -9 of the child to the error of the call that it runs.
func crash() (time.Duration, error) {
	c, err := newPlugin()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var r int
	call := c.Go("Stuck", 0, &r)
	if err := c.Call("Twice", 7, &r); err != nil { // Twice was served, so Stuck, sent before it, runs
		return 0, err
	}
	began := time.Now()
	if err := syscall.Kill(c.Pid(), syscall.SIGKILL); err != nil {
		return 0, err
	}
	if done := <-call.Done; done.Error == nil {
		return 0, errors.New("the death was not told")
	}
	return time.Since(began), nil
}
