package spawn

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// entry is a function that a child can find.
type entry struct {
	name       string
	site       site   // where it was registered
	arg        string // types, for people
	result     string
	signature  string // shape of both types, for comparison
	argSize    int    // encoded, in bytes, if dense is not nil
	resultSize int
	id         uint32 // its place in the sorted list, the same in parent and child

	run   func() run // makes a run with memory of its own, for one Runner
	apply func(ctx context.Context, arg any, out *wire.Buffer) error
	dense func(ctx context.Context, d *Dense) error // nil: argument and result are not both numbers
}

// registry is filled before Main and read-only afterwards.
var registry struct {
	sync.Mutex
	entries   map[string]*entry
	sentinels map[string]site
	mainSite  site // where Main was called
}

// add registers e. It panics if the name is invalid or taken: that is a mistake in the program's source.
func add(verb string, e *entry) {
	e.site = callSite()
	registry.Lock()
	defer registry.Unlock()
	refuseName(verb, e.name, e.site)
	if prior, found := registry.entries[e.name]; found {
		panic(fmt.Sprintf("mp: %s(%q) at %s: the name was already registered at %s", verb, e.name, e.site, prior.site))
	}
	if registry.entries == nil {
		registry.entries = make(map[string]*entry)
	}
	registry.entries[e.name] = e
}

// refuseName panics when the name is invalid, or when Main has begun. The caller holds registry's lock.
func refuseName(verb, name string, at site) {
	switch {
	case boot.Entered():
		panic(fmt.Sprintf("mp: %s(%q) at %s comes after mp.Main at %s: children would not know it; "+
			"register in a package variable or an init function", verb, name, at, registry.mainSite))
	case name == "":
		panic(fmt.Sprintf("mp: %s at %s: the name is empty", verb, at))
	case strings.Trim(name, " ") != name:
		panic(fmt.Sprintf("mp: %s(%q) at %s: the name begins or ends with a space", verb, name, at))
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) && r != ' ' }):
		panic(fmt.Sprintf("mp: %s(%q) at %s: the name holds control characters, or other white space than plain spaces", verb, name, at))
	}
}

// RegisterError names a sentinel error, so that errors.Is finds it in an error that came out of another process. It
// panics, as Register does, on a name that is taken or invalid, on a nil error, and after Main has begun.
func RegisterError(name string, err error) {
	at := callSite()
	registry.Lock()
	defer registry.Unlock()
	refuseName("RegisterError", name, at)
	if prior, found := registry.sentinels[name]; found {
		panic(fmt.Sprintf("mp: RegisterError(%q) at %s: the name was already registered at %s", name, at, prior))
	}
	if problem := wire.AddSentinel(name, err); problem != nil {
		panic(fmt.Sprintf("mp: RegisterError(%q) at %s: %v", name, at, problem))
	}
	if registry.sentinels == nil {
		registry.sentinels = make(map[string]site)
	}
	registry.sentinels[name] = at
}

// sealed is the registry as it is once Main began: sorted by name, numbered, with its fingerprint.
type sealedRegistry struct {
	entries     []*entry
	fingerprint [16]byte
}

var sealed = sync.OnceValue(func() *sealedRegistry {
	registry.Lock()
	defer registry.Unlock()
	s := &sealedRegistry{entries: make([]*entry, 0, len(registry.entries))}
	for _, e := range registry.entries {
		s.entries = append(s.entries, e)
	}
	slices.SortFunc(s.entries, func(a, b *entry) int { return cmp.Compare(a.name, b.name) })
	hash := fnv.New128a()
	for i, e := range s.entries {
		e.id = uint32(i)
		hash.Write([]byte(e.name + "\x00" + e.signature + "\x00"))
	}
	hash.Sum(s.fingerprint[:0])
	return s
})

// lookup finds a function by its number; nil when there is none: a hostile or mismatched peer has made it up.
func lookup(id uint32) *entry {
	if s := sealed(); int64(id) < int64(len(s.entries)) {
		return s.entries[id]
	}
	return nil
}

// listed is an entry as a child reports it when the fingerprints differ.
type listed struct{ Name, Arg, Result, Signature string }

func (s *sealedRegistry) list() []listed {
	var all []listed
	for _, e := range s.entries {
		all = append(all, listed{e.name, e.arg, e.result, e.signature})
	}
	return all
}

// difference describes, in words, how the child's registry differs from ours.
func (s *sealedRegistry) difference(child []listed) string {
	var b strings.Builder
	theirs := make(map[string]listed, len(child))
	for _, l := range child {
		theirs[l.Name] = l
	}
	for _, e := range s.entries {
		l, found := theirs[e.name]
		delete(theirs, e.name)
		switch {
		case !found:
			fmt.Fprintf(&b, "\n- %s: not registered in the child (here at %s)", e.name, e.site)
		case l.Signature != e.signature:
			fmt.Fprintf(&b, "\n~ %s: func(%s) %s in the child, func(%s) %s here, or their fields differ",
				e.name, l.Arg, l.Result, e.arg, e.result)
		}
	}
	for _, l := range child {
		if _, extra := theirs[l.Name]; extra {
			fmt.Fprintf(&b, "\n+ %s: registered in the child only", l.Name)
		}
	}
	return b.String()
}
