package spawn

import (
	"io"
	"reflect"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// FuzzHandshake feeds arbitrary bytes to a child, and to a parent, as the other side's messages of the handshake.
func FuzzHandshake(f *testing.F) {
	var b wire.Buffer
	whole := preparation{Name: "Process-1", Identity: []uint32{1, 2}, Role: "process", Arg: []byte("x")}
	f.Add(uint8(kindPrepare), whole.encode())
	f.Add(uint8(kindPrepare), whole.encode()[:20])
	refusalCodec().Encode(&b, &refusal{Message: "no", Mismatch: true, Listed: []listed{{Name: "f", Arg: "int"}}})
	f.Add(uint8(kindRefused), b.Data)
	f.Add(uint8(kindReady), []byte(nil))
	b.Reset()
	EncodeFailure(&b, &Failure{Stack: "goroutine 1"})
	f.Add(uint8(FirstKind), b.Data)

	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		ours, theirs := link.NewInProcess()
		defer ours.Close()
		if err := ours.Send(link.Msg{Kind: link.Kind(kind), Body: body}); err != nil {
			t.Fatal(err)
		}
		role, self, _, err := prepare(theirs)
		if err == nil && (role == nil || self == nil) {
			t.Fatal("prepared with nothing to do")
		}
		var r refusal
		if refusalCodec().Decode(body, nil, &r) == nil {
			sealed().difference(r.Listed)
		}
		if failure, err := DecodeFailure(body); err == nil {
			_ = failure.Remote("f", -1, "p", 1).Error()
		}
	})
}

func TestPrepareRefuses(t *testing.T) {
	prep := preparation{Name: "p", Role: "process", Fingerprint: sealed().fingerprint}
	for name, c := range map[string]struct {
		change func(*preparation)
		kind   link.Kind
		want   string
	}{
		"another kind":  {func(*preparation) {}, kindReady, "the first message is no preparation data but of kind 2"},
		"no such role":  {func(p *preparation) { p.Role = "cook" }, kindPrepare, `no package of this program serves the role "cook"`},
		"other program": {func(p *preparation) { p.Fingerprint[3]++ }, kindPrepare, ErrBinaryMismatch.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			p := prep
			c.change(&p)
			ours, theirs := link.NewInProcess()
			ours.Send(link.Msg{Kind: c.kind, Body: p.encode()})
			if _, _, _, err := prepare(theirs); err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			ours.Close()
			if _, _, _, err := prepare(theirs); err != errOrphaned {
				t.Errorf("then %v", err)
			}
		})
	}
}

func TestPreparationRoundTrip(t *testing.T) {
	want := preparation{
		Name: "Process-1:2", Identity: []uint32{1, 1<<32 - 1}, Daemon: true, ParentPid: 1 << 22, ParentName: "x\x00y",
		Fingerprint: [16]byte{1, 15: 2}, Role: "process", IgnoreInterrupt: true, Arg: []byte("argument"),
	}
	var got preparation
	b := want.encode()
	if err := got.decode(b); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range len(b) - len(want.Arg) {
		if err := new(preparation).decode(b[:n]); err == nil {
			t.Errorf("the first %d bytes are enough", n)
		}
	}
}

// The parent can decode the refusal of a child, with the list of the child's registered functions.
func TestRefuse(t *testing.T) {
	ours, theirs := link.NewInProcess()
	refuse(theirs, ErrBinaryMismatch)
	m, err := ours.Recv()
	var r refusal
	if err != nil || m.Kind != kindRefused || refusalCodec().Decode(m.Body, nil, &r) != nil {
		t.Fatal(m, err)
	}
	if !r.Mismatch || !reflect.DeepEqual(r.Listed, sealed().list()) || sealed().difference(r.Listed) != "" {
		t.Errorf("%+v", r)
	}
	theirs.Close()
	if _, err := ours.Recv(); err != io.EOF {
		t.Error(err)
	}
}
