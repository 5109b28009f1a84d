package compare

import (
	"context"
	"net/rpc"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "COMPARE_PLUGIN", MagicCookieValue: "job"}

// doer is the interface that host and plugin agree on. The rest of its types is what go-plugin asks for to carry it.
type doer interface {
	Do(kind job.Kind, n int) (int, error)
}

type doerPlugin struct{}

func (doerPlugin) Server(*plugin.MuxBroker) (any, error) { return &doerServer{}, nil }

func (doerPlugin) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return doerClient{c}, nil }

type doerServer struct{}

func (*doerServer) Do(q Request, result *int) (err error) {
	*result, err = job.Do(q.Kind, q.N)
	return err
}

type doerClient struct{ rpc *rpc.Client }

func (c doerClient) Do(kind job.Kind, n int) (result int, err error) {
	err = c.rpc.Call("Plugin.Do", Request{kind, n}, &result)
	return result, err
}

type plugins struct {
	client *plugin.Client
	doer   doer
}

func newPlugin(ctx context.Context) (way, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{"doer": doerPlugin{}},
		Cmd:             exec.CommandContext(ctx, self),
		Logger:          hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err != nil {
		client.Kill()
		return nil, err
	}
	raw, err := protocol.Dispense("doer")
	if err != nil {
		client.Kill()
		return nil, err
	}
	return &plugins{client, raw.(doer)}, nil
}

// Call ends the plugin when ctx ends: nothing else stops a function that does not look at its ctx.
func (p *plugins) Call(ctx context.Context, kind job.Kind, n int) (int, error) {
	stop := context.AfterFunc(ctx, p.client.Kill)
	defer stop()
	return p.doer.Do(kind, n)
}

func (p *plugins) Close() error {
	p.client.Kill()
	return nil
}

// servePlugin is the plugin's part.
func servePlugin() {
	if os.Getenv(handshake.MagicCookieKey) == "" {
		return
	}
	plugin.Serve(&plugin.ServeConfig{HandshakeConfig: handshake, Plugins: plugin.PluginSet{"doer": doerPlugin{}}})
	os.Exit(0)
}
