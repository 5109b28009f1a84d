package mp_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module. allowed names its packages relative to it.
const module = "github.com/go-multiprocessing/multiprocessing/"

// allowed says which packages outside the standard library each package of this module may import, and why. An import is an
// arrow, and arrows point down only: mp → nouns → process → spawn → popen → internal. A change that needs a new arrow adds it here
// with its reason. An arrow between layers also goes into the figure in docs/ARCHITECTURE.md.
var allowed = map[string]map[string]string{
	"mp": {
		"mp/spawn":         "forwards Main, Register and the errors",
		"mp/process":       "forwards Process",
		"mp/pool":          "forwards Pool",
		"mp/queue":         "forwards Queue",
		"mp/internal/conn": "forwards Pipe; package connection would bring net with it",
	},
	"mp/process": {
		"mp/spawn":         "a process runs a registered function",
		"mp/popen":         "tells what a process used",
		"mp/internal/link": "receives the result",
		"mp/internal/wire": "keeps the encoded argument",
	},
	"mp/synchronize": {
		"mp/spawn":          "ErrClosed, ErrTimeout, the name of this process",
		"mp/internal/link":  "messages to the owner",
		"mp/internal/ring":  "how to look before one sleeps",
		"mp/internal/share": "an object lives in its owner",
		"mp/internal/wire":  "travels as a handle",
	},
	"mp/dataloader": {
		"mp/spawn":         "opening a dataset is an initializer, collating a registered function; the errors",
		"mp/process":       "a worker is a process",
		"mp/queue":         "the index queues and the data queue",
		"mp/sharedmem":     "batches are made in it; what a worker is at, readable when it is dead",
		"mp/internal/link": "closes files",
		"mp/internal/wire": "encodes batches, or where they lie",
	},
	"mp/sharedmem": {
		"mp/spawn":         "ErrClosed",
		"mp/internal/shm":  "the word of a value",
		"mp/internal/sys":  "memory without a name, and mapping it",
		"mp/internal/wire": "travels as a handle",
	},
	"mp/logging": {
		"mp/spawn":                      "where records go to and come from",
		"mp/internal/record":            "what they are",
		"github.com/hashicorp/go-hclog": "loggers of this kind in and out",
	},
	"mp/connection": {
		"mp/internal/conn": "its lower half, which package mp can have without net",
		"mp/internal/sys":  "makes a connection of a socket, Windows pipes",
		"mp/spawn":         "the errors",
	},
	"mp/pool": {
		"mp/spawn":         "a worker is a child with a role of its own",
		"mp/internal/link": "sends tasks, receives results",
		"mp/internal/wire": "encodes items when their turn comes",
	},
	"mp/queue": {
		"mp/spawn":          "the errors that all share, and their registry",
		"mp/internal/link":  "messages and their files",
		"mp/internal/ring":  "items that reach the owner without a message each",
		"mp/internal/share": "a queue is an object of its owner",
		"mp/internal/shm":   "the memory of that",
		"mp/internal/wire":  "encodes items",
	},
	"mp/spawn": {
		"mp/popen":           "starts the process",
		"mp/internal/boot":   "knows whether this process may start others",
		"mp/internal/link":   "the channel to the child",
		"mp/internal/record": "relays the log of children",
		"mp/internal/shm":    "whether there shall be some",
		"mp/internal/sys":    "names of signals, the inherited socket",
		"mp/internal/wire":   "encodes arguments and results",
	},
	"mp/popen":         {"mp/internal/sys": "files that children inherit, signals, waiting"},
	"mp/internal/boot": {},
	"mp/internal/conn": {
		"mp/spawn":         "the errors, which are the same everywhere",
		"mp/internal/link": "closes files",
		"mp/internal/ring": "messages through shared memory",
		"mp/internal/shm":  "that memory",
		"mp/internal/sys":  "sockets and bells",
		"mp/internal/wire": "encodes values",
	},
	"mp/internal/link": {
		"mp/internal/sys":  "the socket, the bells",
		"mp/internal/ring": "messages through shared memory",
		"mp/internal/shm":  "that memory, and its words",
	},
	"mp/internal/share": {
		"mp/internal/link": "the one channel of two processes that share objects",
		"mp/internal/shm":  "words in common",
		"mp/internal/sys":  "doors and their keys",
		"mp/internal/wire": "references travel in handles",
	},
	"mp/internal/wire": {
		"github.com/vmihailenco/msgpack/v5":          "the primitives of the encoding",
		"github.com/vmihailenco/msgpack/v5/msgpcode": "the primitives of the encoding",
	},
	"mp/internal/ring": {
		"mp/internal/shm": "words that two processes share",
		"mp/internal/sys": "lets another process have the processor",
	},
	"mp/internal/shm":    {"mp/internal/sys": "memory without a name, and mapping it; the bells beside it"},
	"mp/internal/leak":   {"mp/internal/sys": "lists handles and children, on Windows"},
	"mp/internal/record": {},
	"mp/internal/odd":    {},
	"mp/internal/prog":   {"mp/internal/sys": "lists processes, on Windows"},
	"mp/internal/sys": {
		"golang.org/x/sys/unix":    "what package syscall lacks",
		"golang.org/x/sys/windows": "what package syscall lacks",
	},
}

// forbidden are imports that are refused with a message of their own. The packages in except may import them.
var forbidden = []struct {
	path   string // stands for the packages below it, too
	except []string
	why    string
}{
	{module + "mp", nil, "mp is the façade: it forwards to the others, so none of them can stand on it"},
	{"net", []string{"mp/connection"}, "processes talk over inherited handles; a program that starts one shall not get a resolver, and cgo, with it"},
	{"golang.org/x/sys", []string{"mp/internal/sys"}, "calls of the operating system have one home, where each has an answer for every platform"},
	{"github.com/vmihailenco/msgpack/v5", []string{"mp/internal/wire"}, "the encoding is ours to change, and its decoder is not safe on what a hostile peer sends"},
	{
		"github.com/hashicorp/go-hclog",
		[]string{"mp/logging"},
		"its packages would cost every child a fifth of its start; pool.Logger is an interface that it satisfies, and package logging is for those who want it",
	},
	{"testing", []string{"mp/internal/leak", "mp/internal/prog"}, "it adds its flags to every program; helpers of tests are packages of their own"},
}

// bootMayImport keeps the imports of package boot so few that Go initialises boot before any package that could start a process.
var bootMayImport = []string{"syscall", "sync/atomic", "unsafe"}

type pkg struct {
	ImportPath, Dir                   string
	GoFiles, CgoFiles, IgnoredGoFiles []string
	Imports                           []string
}

func (p *pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

// production returns the package's files for all platforms, without the tests.
func (p *pkg) production() []string {
	return slices.DeleteFunc(slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles), func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

// list runs go list for goos on the packages under mp.
func list(t *testing.T, goos string) (pkgs []*pkg) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool, which knows the imports, is not on PATH")
	}
	cmd := exec.CommandContext(t.Context(), tool, "list", "-test=false", "-json=ImportPath,Dir,GoFiles,CgoFiles,IgnoredGoFiles,Imports", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, &stderr)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := d.Decode(p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func platforms(t *testing.T, check func(t *testing.T, pkgs []*pkg)) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) { check(t, list(t, goos)) })
	}
}

func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func TestArchitectureImports(t *testing.T) {
	used := make(map[string]bool)
	defer func() { // the table is a picture of the imports, so it must have no arrow that no package uses
		if len(used) == 0 {
			return // every platform was skipped
		}
		for name, arrows := range allowed {
			for to := range arrows {
				if !used[name+" → "+to] {
					t.Errorf("the table allows %s → %s, which nobody uses", name, to)
				}
			}
		}
	}()
	platforms(t, func(t *testing.T, pkgs []*pkg) {
		for _, p := range pkgs {
			arrows, known := allowed[p.name()]
			if !known {
				t.Errorf("%s is not in the table of allowed imports: say there what it stands on, so that the picture stays whole", p.name())
			}
			for _, imported := range p.Imports {
				ours := strings.TrimPrefix(imported, module)
				used[p.name()+" → "+ours] = true
				why := whyForbidden(p, imported)
				switch {
				case why != "":
					t.Errorf("%s must not import %s: %s", p.name(), ours, why)
				case p.name() == "mp/internal/boot" && !slices.Contains(bootMayImport, imported):
					t.Errorf("%s must not import %s: it may import %v only, so that it is initialised before code of the user that could start a process",
						p.name(), ours, bootMayImport)
				case known && strings.Contains(strings.Split(imported, "/")[0], ".") && arrows[ours] == "":
					t.Errorf("%s must not import %s: the arrow is not in the table of allowed imports, which point down only (mp → nouns → process → spawn → popen → internal)",
						p.name(), ours)
				}
			}
		}
	})
}

func whyForbidden(p *pkg, imported string) string {
	for _, f := range forbidden {
		hit := within(imported, f.path)
		if f.path == module+"mp" {
			hit = imported == f.path
		}
		if hit && !slices.Contains(f.except, p.name()) {
			return f.why
		}
	}
	return ""
}

// No package but mp/connection depends on net or cgo, not even through its imports. Windows is an exception for net:
// golang.org/x/sys/windows imports it, and the resolver there is the system's, which needs no cgo.
func TestArchitectureNoNetwork(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool, which knows the imports, is not on PATH")
	}
	for _, goos := range []string{"linux", "darwin", "windows"} {
		args := []string{"list", "-test=false", "-deps"}
		for _, p := range list(t, goos) {
			if p.name() != "mp/connection" { // a program imports it to listen and dial
				args = append(args, p.ImportPath)
			}
		}
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(string(out)) {
			if path == "net" && goos != "windows" || path == "runtime/cgo" {
				t.Errorf("%s: mp depends on %s: a program that starts a process shall get neither a resolver nor cgo with it", goos, path)
			}
		}
	}
}

func TestArchitecturePackageComments(t *testing.T) {
	platforms(t, func(t *testing.T, pkgs []*pkg) {
		for _, p := range pkgs {
			var with []string
			for _, name := range p.GoFiles {
				if parse(t, filepath.Join(p.Dir, name)).Doc.Text() != "" {
					with = append(with, name)
				}
			}
			if len(with) != 1 {
				t.Errorf("%s has its package comment in %d files %v: go doc joins several in the order of their names, and none leaves a reader alone",
					p.name(), len(with), with)
			}
		}
	})
}

func TestArchitectureFiles(t *testing.T) {
	const most = 400
	for _, p := range list(t, "linux") {
		for _, name := range p.production() {
			path := filepath.Join(p.Dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > most {
				t.Errorf("%s/%s has %d lines, more than %d: a file is one idea, which one reads in one go", p.name(), name, n, most)
			}
			for _, spec := range parse(t, path).Imports {
				if spec.Path.Value == `"unsafe"` && !strings.HasSuffix(name, "_unsafe.go") {
					t.Errorf("%s/%s imports unsafe: it is for files that are called *_unsafe.go, so that a review of them is a review of all", p.name(), name)
				}
			}
		}
	}
}

func TestArchitectureForwards(t *testing.T) {
	const why = "forward.go forwards and does nothing else, so that what a name does is read in one place, the package that declares it"
	for _, decl := range parse(t, "forward.go").Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv != nil || decl.Body == nil || len(decl.Body.List) != 1 {
				t.Errorf("%s is not a function of one statement: %s", decl.Name, why)
				continue
			}
			switch decl.Body.List[0].(type) {
			case *ast.ReturnStmt, *ast.ExprStmt:
			default:
				t.Errorf("%s neither returns nor calls: %s", decl.Name, why)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if typ, ok := spec.(*ast.TypeSpec); ok && !typ.Assign.IsValid() {
					t.Errorf("%s is a type and not an alias: %s", typ.Name, why)
				}
			}
		}
	}
}

func TestArchitectureFacade(t *testing.T) {
	const most = 60
	names := make(map[string]bool)
	for _, p := range list(t, "linux") {
		if p.name() != "mp" {
			continue
		}
		for _, name := range p.production() {
			for _, exported := range declared(parse(t, filepath.Join(p.Dir, name))) {
				names[exported] = true
			}
		}
	}
	if len(names) > most {
		t.Errorf("package mp exports %d names, more than %d: it is for what nearly every program uses; the rest is imported from its own package", len(names), most)
	}
	t.Logf("%d of %d names", len(names), most)
}

// declared returns the exported names that the file declares at package level.
func declared(file *ast.File) (names []string) {
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, id.Name)
			}
		}
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				add(decl.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add(spec.Name)
				case *ast.ValueSpec:
					add(spec.Names...)
				}
			}
		}
	}
	return names
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Every arrow of the table has a reason, and no other rule forbids it.
func TestArchitectureTable(t *testing.T) {
	for name, arrows := range allowed {
		for to, why := range arrows {
			if why == "" {
				t.Errorf("%s → %s has no reason", name, strconv.Quote(to))
			}
			path := to
			if strings.HasPrefix(to, "mp") {
				path = module + to
			}
			if against := whyForbidden(&pkg{ImportPath: module + name}, path); against != "" {
				t.Errorf("%s → %s is in the table although %s", name, to, against)
			}
		}
	}
}
