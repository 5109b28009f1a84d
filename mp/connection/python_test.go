package connection_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

// python finds a CPython that has this handshake, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "python3.14", "python3.13", "python3.12"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import sys; sys.exit(sys.version_info < (3, 12))").Run() == nil {
			return path
		}
	}
	t.Skip("there is no CPython since 3.12 here")
	return ""
}

const (
	pythonEcho = `
while True:
    try:
        b = c.recv_bytes()
    except EOFError:
        break
    c.send_bytes(b)
`
	pythonClient = `
import sys
from multiprocessing.connection import Client
from multiprocessing import AuthenticationError
family, address, key = sys.argv[1:]
if family == 'AF_INET':
    host, port = address.rsplit(':', 1)
    address = (host, int(port))
elif address[0] == '@':
    address = '\0' + address[1:]
try:
    c = Client(address, family, authkey=key.encode() if key else None)
except AuthenticationError as e:
    sys.exit('refused: %s' % e)
` + pythonEcho
	pythonListener = `
import sys
from multiprocessing.connection import Listener
from multiprocessing import AuthenticationError
family, address, key = sys.argv[1:]
if family == 'AF_INET':
    address = ('localhost', 0)
elif address[0] == '@':
    address = '\0' + address[1:]
l = Listener(address, family, authkey=key.encode() if key else None)
print('%s:%d' % l.address if family == 'AF_INET' else sys.argv[2], flush=True)
try:
    c = l.accept()
except AuthenticationError as e:
    sys.exit('refused: %s' % e)
` + pythonEcho
)

// pythonPlaces are the families that both Python and this package have.
var pythonPlaces = map[string]place{"AF_INET": {"tcp", ""}, "AF_UNIX": {"unix", ""}}

// echoes sends messages with all forms of headers to a peer that sends them back.
func echoes(t *testing.T, c *connection.Conn) {
	t.Helper()
	ctx := within(t)
	for _, n := range []int{0, 1, 16384, 16385, 100_000, 16 << 20} {
		want := bytes.Repeat([]byte("p"), n)
		sent := make(chan error)
		go func() { sent <- c.SendBytes(ctx, want) }()
		got, err := c.RecvBytes(ctx)
		if err = errors.Join(err, <-sent); err != nil || !bytes.Equal(got, want) {
			t.Fatal(n, len(got), err)
		}
	}
}

// PY-LISTEN-05 with a real Python that dials.
func TestPythonDials(t *testing.T) {
	path := python(t)
	logging.Off()
	for family, where := range pythonPlaces {
		for _, secret := range []string{"", "a secret of both"} {
			t.Run(family+secret, func(t *testing.T) {
				leak.Check(t)
				var opts connection.Options
				if secret != "" {
					opts.Key = []byte(secret)
				}
				l := listen(t, where, &opts)
				var stderr bytes.Buffer
				cmd := exec.Command(path, "-c", pythonClient, family, l.Addr(), secret)
				cmd.Stderr = &stderr
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				c, err := l.Accept(within(t))
				if err != nil {
					t.Fatal(err, cmd.Wait(), stderr.String())
				}
				echoes(t, c)
				c.Close()
				if err := cmd.Wait(); err != nil {
					t.Error(err, stderr.String())
				}
				if secret == "" {
					return
				}
				out, err := exec.Command(path, "-c", pythonClient, family, l.Addr(), "another").CombinedOutput()
				if err == nil || !bytes.Contains(out, []byte("refused: digest sent was rejected")) {
					t.Errorf("%s, %v", out, err)
				}
			})
		}
	}
}

// PY-LISTEN-05 with a real Python that listens.
func TestPythonListens(t *testing.T) {
	path := python(t)
	for family, where := range pythonPlaces {
		for _, secret := range []string{"", "a secret of both"} {
			t.Run(family+secret, func(t *testing.T) {
				leak.Check(t)
				if where.Network == "unix" {
					where.Address = filepath.Join(prog.TempDir(t), "socket")
				}
				for _, right := range []bool{true, false} {
					if secret == "" && !right {
						continue
					}
					cmd := exec.Command(path, "-c", pythonListener, family, where.Address, secret)
					out, err := cmd.StdoutPipe()
					if err != nil {
						t.Fatal(err)
					}
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					line := make([]byte, 1000)
					n, err := out.Read(line)
					if err != nil {
						t.Fatal(err)
					}
					var opts connection.Options
					if secret != "" {
						opts.Key = []byte(secret)
					}
					if !right {
						opts.Key = []byte("another")
					}
					c, err := connection.Dial(within(t), where.Network, string(bytes.TrimSpace(line[:n])), &opts)
					if !right {
						if !errors.Is(err, connection.ErrAuthentication) {
							t.Error(err)
						}
						_, _ = io.Copy(io.Discard, out)
						if cmd.Wait() == nil {
							t.Error("Python was content")
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					echoes(t, c)
					c.Close()
					if err := cmd.Wait(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}
