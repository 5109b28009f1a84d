package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// patient is a timeout in which a worker can die even on a busy machine.
const patient = 2 * time.Second

func TestOutput(t *testing.T) {
	out := program.Run(t, "-timeout", "2s")
	for _, want := range []string{
		`(?m)^httpserver \(pid \d+\), \d+ workers; 16 clients send 400 uploads$`,
		`(?m)^  368 × 200  `,
		`(?m)^    8 × 422  more-pixels-than-there-are +panic +runtime error: index out of range `,
		`(?m)^    8 × 422  a-table-far-away +fatal +fatal error: fault$`,
		`(?m)^    8 × 422  a-chunk-that-repeats-itself +fatal +fatal error: stack overflow$`,
		`(?m)^    8 × 422  a-chunk-of-size-0 +deadline +mp: timeout: it ran longer than 2s$`,
		`(?m)^in .* s; httpserver is still pid \d+; 2\d new workers have taken`,
		`(?m)^the service has stopped; it leaves 0 processes$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

// start serves until stop is called or the test ends. stop returns the error of serve.
func start(t *testing.T, o options) (base string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.log = log.New(io.Discard, "", 0)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, o) }()
	ended := false
	stop = func() error {
		cancel()
		ended = true
		return <-served
	}
	t.Cleanup(func() {
		if !ended {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
		if left := mp.ActiveChildren(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return "http://" + listener.Addr().String(), stop
}

func status(t *testing.T, base string) Status {
	t.Helper()
	s, err := ask(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The service answers every good upload with the right picture, and every poisoned one with its blame, and stays the same
// process.
func TestLoad(t *testing.T) {
	uploads := 1000
	if runtime.GOOS == "windows" {
		uploads = 200 // a start takes thirty times as long under Wine
	}
	const workers = clients // so that the uploads that last until their deadline do so side by side
	base, stop := start(t, options{workers: workers, inFlight: clients, timeout: patient, killDelay: 20 * time.Millisecond})
	before := status(t, base)
	count := map[int]int{}
	for i, a := range send(t.Context(), base, uploads) {
		if !a.asItShould() {
			t.Errorf("upload %d: %+v", i, a)
		}
		count[a.poison]++
	}
	for poison := range poisons {
		if count[poison] != uploads/cycle {
			t.Errorf("%d uploads with poison %d", count[poison], poison)
		}
	}
	after := status(t, base)
	if after.Pid != before.Pid || after.Pid != os.Getpid() {
		t.Errorf("the service was pid %d and is pid %d", before.Pid, after.Pid)
	}
	// A panic costs no worker, the other three poisons do. The workers that died last may not be replaced yet.
	deaths := 3 * uploads / cycle
	if got := after.Pool.Started - before.Pool.Started; got > deaths || got < deaths-workers {
		t.Errorf("%d workers were replaced, and %d have died", got, deaths)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// held sends an upload, and returns when the handler has begun to read the body. The body comes when release is closed.
func held(t *testing.T, base string, number int) (release chan struct{}, answered <-chan answer) {
	t.Helper()
	release = make(chan struct{})
	file, want := upload(number, nil)
	begun := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(begun) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/decode/held", &gate{release, bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Expect", "100-continue")
	out := make(chan answer, 1)
	go func() {
		transport := &http.Transport{ExpectContinueTimeout: time.Minute}
		defer transport.CloseIdleConnections()
		a := answer{poison: -1, want: want}
		response, err := transport.RoundTrip(r)
		if a.err = err; err == nil {
			defer response.Body.Close()
			a.status = response.StatusCode
			a.err = json.NewDecoder(response.Body).Decode(&a.picture)
		}
		out <- a
	}()
	<-begun
	return release, out
}

type gate struct {
	open <-chan struct{}
	io.Reader
}

func (g *gate) Read(b []byte) (int, error) {
	<-g.open
	return g.Reader.Read(b)
}

func TestOverload(t *testing.T) {
	base, _ := start(t, options{workers: 1, inFlight: 1})
	release, answered := held(t, base, 1)
	file, _ := upload(2, nil)
	response, err := http.Post(base+"/decode/second", "", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "1" {
		t.Errorf("the second upload: %s, %v", response.Status, response.Header)
	}
	close(release)
	if a := <-answered; !a.asItShould() {
		t.Errorf("the first upload: %+v", a)
	}
	if a := post(t.Context(), http.DefaultClient, base, 3, -1); !a.asItShould() {
		t.Errorf("afterwards: %+v", a)
	}
}

// An upload whose client has gone away keeps no worker busy, although the decoder never looks at its ctx.
func TestClientGone(t *testing.T) {
	base, _ := start(t, options{workers: 1, inFlight: 4, killDelay: 20 * time.Millisecond}) // no timeout
	// A worker that hears that the client is gone just before it calls the decoder does not call it, and lives on: then the
	// loop tries again.
	for n := 0; status(t, base).Pool.Started == 1 && !t.Failed(); n += 2 {
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan answer, 1)
		go func() { gone <- post(ctx, http.DefaultClient, base, n, len(poisons)-1) }()
		for {
			if w := status(t, base).Pool.Workers; len(w) == 1 && w[0].Busy {
				break
			}
			time.Sleep(time.Millisecond)
		}
		leave()
		if a := <-gone; a.err == nil {
			t.Errorf("the poisoned upload: %+v", a)
		}
		if a := post(t.Context(), http.DefaultClient, base, n+1, -1); !a.asItShould() {
			t.Errorf("the next upload: %+v", a)
		}
	}
	if s := status(t, base); s.Pool.Started != 2 {
		t.Errorf("%d workers were started", s.Pool.Started)
	}
}

// Uploads that are in flight when the service is told to stop are answered.
func TestStop(t *testing.T) {
	base, stop := start(t, options{workers: 1, inFlight: 4})
	release, answered := held(t, base, 1)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for { // until the service does not listen any more
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			break
		}
		c.Close()
		time.Sleep(time.Millisecond)
	}
	close(release)
	if a := <-answered; !a.asItShould() {
		t.Errorf("the upload: %+v", a)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// An upload that the decoder refuses, or that is too large to be given to it, costs no worker.
func TestRefused(t *testing.T) {
	base, _ := start(t, options{workers: 1, inFlight: 4})
	for _, c := range []struct {
		body string
		want int
		said string
	}{
		{"GIF89a", http.StatusBadRequest, "this is not a picture"},
		{strings.Repeat("x", maxUpload+1), http.StatusRequestEntityTooLarge, "too large"},
	} {
		response, err := http.Post(base+"/decode/it", "", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != c.want || !strings.Contains(string(said), c.said) {
			t.Errorf("%.8s: %s %s %v", c.body, response.Status, said, err)
		}
	}
	if s := status(t, base); s.Pool.Started != 1 {
		t.Errorf("%d workers were started", s.Pool.Started)
	}
}
