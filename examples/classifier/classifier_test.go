package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	prog "github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// asProgram is the environment variable that makes the test binary run as the example, workers and all.
const asProgram = "CLASSIFIER_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	mp.TestMain(m)
}

func zipped(parts ...any) io.Reader {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for _, part := range parts {
		switch part := part.(type) {
		case []byte:
			z.Write(part)
		case int: // so many zero bytes
			z.Write(make([]byte, part))
		}
	}
	z.Close()
	return &b
}

func TestReadIdx(t *testing.T) {
	elements, n, err := readIdx(zipped([]byte{0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2}, []byte("abcdefghijkl")), 2, 2)
	if err != nil || n != 3 || string(elements) != "abcdefghijkl" {
		t.Errorf("got %q, %d, %v", elements, n, err)
	}
	image := []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28}
	with := func(i int, b byte) []byte {
		h := bytes.Clone(image)
		h[i] = b
		return h
	}
	cut := bytes.NewReader(func() []byte { b, _ := io.ReadAll(zipped(image, 2*pixels)); return b[:len(b)-12] }())
	for name, c := range map[string]struct {
		in   io.Reader
		want string
	}{
		"not gzip":        {bytes.NewReader(image), "gzip"},
		"empty":           {bytes.NewReader(nil), "EOF"},
		"empty gzip":      {zipped(), "header"},
		"half a header":   {zipped(image[:9]), "header"},
		"labels":          {zipped([]byte{0, 0, 8, 1, 0, 0, 0, 9}, 40), "magic"},
		"floats":          {zipped(with(2, 0x0d), 8*pixels), "magic"},
		"four dimensions": {zipped(with(3, 4), 2*pixels), "magic"},
		"another width":   {zipped(with(15, 29), 2*28*29), "dimension 2"},
		"huge height":     {zipped(with(8, 0xff), 2*pixels), "dimension 1"},
		"huge count":      {zipped(with(4, 0xff), 2*pixels), "more than"},
		"a lying count":   {zipped(with(5, 0x0f), 2*pixels), "promises"},
		"too short":       {zipped(image, 2*pixels-1), "promises"},
		"too long":        {zipped(image, 2*pixels+1), "more than"},
		"cut gzip":        {cut, "promises"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := readIdx(c.in, side, side); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzReadIdx(f *testing.F) {
	b, _ := io.ReadAll(zipped([]byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28}, pixels))
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if elements, n, err := readIdx(bytes.NewReader(b), side, side); err == nil && len(elements) != n*pixels {
			t.Errorf("%d items of %d bytes", n, len(elements))
		}
	})
}

func TestEmbedded(t *testing.T) {
	for name, want := range map[string]int{"train": 2000, "t10k": 500} {
		s, err := loadSet("", name)
		if err != nil || s.Len() != want {
			t.Fatal(name, err)
		}
		var perClass [classes]int
		for _, label := range s.labels {
			perClass[label]++
		}
		for class, n := range perClass {
			if n < want/classes/2 {
				t.Errorf("%s: only %d of class %d", name, n, class)
			}
		}
	}
	if _, err := loadSet(prog.TempDir(t), "train"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestPack(t *testing.T) {
	s, err := loadSet("", "t10k")
	if err != nil {
		t.Fatal(err)
	}
	if image := s.image(7); !bytes.Equal(unpack(pack(image)), image) {
		t.Error("the image is another one")
	}
}

func TestAugment(t *testing.T) {
	image := make([]byte, pixels)
	image[14*side+10] = 255
	seen := map[int]bool{}
	a, b := make([]float32, pixels), make([]float32, pixels)
	for sample := range 500 {
		augment(a, image, rand.New(rand.NewPCG(1, uint64(sample))))
		augment(b, image, rand.New(rand.NewPCG(1, uint64(sample))))
		for i, v := range a {
			if v != b[i] {
				t.Fatal("the same call gave other pixels")
			}
			if v != 0 {
				seen[i] = true
				x, y := i%side, i/side
				if mirrored := side - 1 - x; v != 1 || y < 13 || y > 15 || (x < 9 || x > 11) && (mirrored < 9 || mirrored > 11) {
					t.Errorf("%v at %d, %d", v, x, y)
				}
			}
		}
	}
	if len(seen) != 18 { // 9 shifts, mirrored or not
		t.Errorf("saw %d of 18 variations", len(seen))
	}
}

// TestGradient compares the gradient with what a small change of a weight does.
func TestGradient(t *testing.T) {
	train, err := loadSet("", "train")
	if err != nil {
		t.Fatal(err)
	}
	const n = 4
	x := make([]float32, n*pixels)
	for s := range n {
		normalise(x[s*pixels:][:pixels], train.image(s))
	}
	m := newModel(3)
	m.backward(x, train.labels[:n])
	grad := m.grad
	check := func(name string, weights, grad []float32) {
		biggest := 0
		for i := range grad {
			if math.Abs(float64(grad[i])) > math.Abs(float64(grad[biggest])) {
				biggest = i
			}
		}
		for _, i := range []int{biggest, len(grad) / 2, len(grad) / 3} {
			const h = 1.0 / 256
			w := weights[i]
			weights[i] = w + h
			up := m.backward(x, train.labels[:n])
			weights[i] = w - h
			down := m.backward(x, train.labels[:n])
			weights[i] = w
			numeric := (up - down) / n / (2 * h)
			if diff := math.Abs(numeric - float64(grad[i])); diff > 2e-3+0.02*math.Abs(numeric) {
				t.Errorf("%s[%d]: gradient %g, measured %g", name, i, grad[i], numeric)
			}
		}
	}
	w := &m.weights
	check("w1", w.w1[:], grad.w1[:])
	check("b1", w.b1[:], grad.b1[:])
	check("w2", w.w2[:], grad.w2[:])
	check("b2", w.b2[:], grad.b2[:])
}

func TestWithout(t *testing.T) {
	sampler := dataloader.Batched(dataloader.Shuffled(), 25, false)
	all := slices.Collect(sampler.Batches(60, 1, 1))
	fewer := slices.Collect(without{sampler, map[int]bool{7: true}}.Batches(60, 1, 1))
	for i := range all {
		all[i] = slices.DeleteFunc(all[i], func(sample int) bool { return sample == 7 })
	}
	if len(all) != 3 || fmt.Sprint(fewer) != fmt.Sprint(all) {
		t.Errorf("%v\nwant %v", fewer, all)
	}
}

// smallSet writes the first 200 training images into a directory.
func smallSet(t *testing.T) string {
	t.Helper()
	s, err := loadSet("", "train")
	if err != nil {
		t.Fatal(err)
	}
	dir := prog.TempDir(t)
	for name, content := range map[string]io.Reader{
		"train-images-idx3-ubyte.gz": zipped([]byte{0, 0, 8, 3, 0, 0, 0, 200, 0, 0, 0, 28, 0, 0, 0, 28}, s.images[:200*pixels]),
		"train-labels-idx1-ubyte.gz": zipped([]byte{0, 0, 8, 1, 0, 0, 0, 200}, s.labels[:200]),
	} {
		b, _ := io.ReadAll(content)
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSameBits: no workers, one and two give the same weights.
func TestSameBits(t *testing.T) {
	o := options{epochs: 2, seed: 5, deadline: time.Minute, out: io.Discard, data: smallSet(t)}
	weights := func() [32]byte {
		result, err := train(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return result.model.fingerprint()
	}
	want := weights()
	for o.workers = 1; o.workers <= 2; o.workers++ {
		if weights() != want {
			t.Errorf("%d workers give other weights than none", o.workers)
		}
	}
	o.workers = 0
	if o.seed++; weights() == want {
		t.Error("another seed, but the same weights")
	}
}

// program runs the example as a user would.
func program(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	temp := prog.TempDir(t)
	cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temp, "TMP="+temp)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if left, _ := os.ReadDir(temp); len(left) > 0 && prog.RemovesAll(t) {
		t.Errorf("left behind: %v", left)
	}
	return out.String(), errs.String(), err
}

func expect(t *testing.T, text string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(text) {
			t.Errorf("no %q in:\n%s", p, text)
		}
	}
}

// underRace reports whether the race detector is on. It looks at each of the model's reads, which then take forty times as
// long.
func underRace() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// patient is a deadline in which a worker can die even on a busy machine. Under Wine workers die slowly.
var patient = map[bool]string{false: "-deadline=1s", true: "-deadline=4s"}[runtime.GOOS == "windows"]

func TestProgram(t *testing.T) {
	epochs, accuracy := "10", `^accuracy (7[89]|[89]\d)`
	if underRace() {
		epochs, accuracy = "1", `^accuracy`
	}
	out, stderr, err := program(t, "-epochs", epochs, patient)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	expect(t, out,
		`^classifier \(pid \d+\)$`, `^├─ LoaderWorker-0 \(pid \d+\)$`, `^└─ LoaderWorker-1 \(pid \d+\)$`, `^first batch: \[25 784\], .* …$`,
		`^epoch +`+epochs+` `, `^loader: .* [4-9] workers died`, accuracy)
	death := "SIGBUS"
	if runtime.GOOS == "windows" {
		death = "SIGSEGV"
	}
	expect(t, out,
		`^the file of sample 1234, .* truncated$`,
		`sample 1234 of FashionMNIST .* is quarantined after 2 attempts: LoaderWorker-\d \(pid \d+\) died of a fatal error \(signal \d+ \(`+death,
		`^the file of sample 567, .* a row of size 0$`,
		`sample 567 of FashionMNIST .* was not ready in time and is quarantined after 2 attempts: LoaderWorker-\d \(pid \d+\) was killed`,
		`identical to the clean in-process run without them`, `with goroutines: exit status 2\n  unexpected fault address`)
	if !underRace() {
		expect(t, out, shape(t)...)
	}
	if lines := strings.Count(out, "\n") + strings.Count(stderr, "\n"); lines > 30 {
		t.Errorf("%d lines of output:\n%s%s", lines, out, stderr)
	}
}

// shape returns patterns of the lines that README.md shows (output.txt). They leave open the numbers, and whatever else differs
// from run to run.
func shape(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile("output.txt")
	if err != nil {
		t.Fatal(err)
	}
	number := regexp.MustCompile(`0x\w+|\b[\da-f]{8}…|\d+m?s?`)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "["): // says which lines are left out
			continue
		case strings.HasPrefix(line, "loader:"): // the verdict depends on the machine
			line, _, _ = strings.Cut(line, ";")
		case runtime.GOOS == "windows" && (strings.Contains(line, "SIGBUS") || strings.Contains(line, "mapped")): // the accident is another one there
			continue
		}
		lines = append(lines, "^"+number.ReplaceAllString(regexp.QuoteMeta(line), `[\w…]+`))
	}
	return lines
}

func TestProgramModes(t *testing.T) {
	out, _, err := program(t, "-workers=0", "-epochs=1")
	if err != nil {
		t.Error(err)
	}
	expect(t, out, `^no workers`, `^epoch  1 .*80 batches$`, `^accuracy`)

	out, _, err = program(t, "-incident=false", "-workers=1", "-epochs=1")
	if err != nil {
		t.Error(err)
	}
	expect(t, out, `^epoch  1 .*80 batches$`, `^loader: 2025 samples in 81 batches`, `identical to the in-process run`)

	out, _, err = program(t, patient, "-data=data", "-workers=1", "-epochs=1")
	if err != nil {
		t.Error(err)
	}
	expect(t, out, `left out: .* sample 1234 `, `left out: .* sample 567 `, `identical to the clean in-process run without them`)

	sheet := filepath.Join(prog.TempDir(t), "sheet.png")
	out, _, err = program(t, "-workers=0", "-epochs=1", "-sheet", sheet)
	if err != nil {
		t.Error(err)
	}
	expect(t, out, `^written to .*sheet\.png$`)
	if f, err := os.Open(sheet); err != nil {
		t.Error(err)
	} else {
		defer f.Close()
		if img, err := png.Decode(f); err != nil || img.Bounds().Dx() != 5*(cell*zoom+margin)+margin {
			t.Error(err)
		}
	}
}

func TestProgramBreaks(t *testing.T) {
	out, stderr, err := program(t, patient, "-break=crash")
	if err != nil {
		t.Error(err, stderr)
	}
	expect(t, out, `^mp: sample 1234 of FashionMNIST .* quarantined after 2 attempts: .* died of a fatal error`,
		`SampleError: sample 1234, batch \d+, worker LoaderWorker-\d, 2 attempts`, `ExitError: cause fatal, signal \d+`)

	out, stderr, err = program(t, patient, "-break=sample", "-workers=0")
	if err != nil {
		t.Error(err, stderr)
	}
	expect(t, out, `^mp: sample 567 of FashionMNIST .* FashionMNIST failed in LoaderWorker-0 \(pid \d+\): open `, `fs\.ErrNotExist: true$`)

	out, stderr, err = program(t, patient, "-break=slow")
	if err != nil {
		t.Error(err, stderr)
	}
	verdict := "is the bottleneck"
	if underRace() {
		verdict = "keeps up" // because the model is so slow then
	}
	expect(t, out, `^loader: .* 2 workers busy .* the loader `+verdict+`$`, `^loader: .* 8 workers busy `)

	out, _, err = program(t, "-break=guard")
	if err != nil {
		t.Error(err)
	}
	expect(t, out, `bootstrapping phase`, `mp\.Main\(run\)`, `^exit status 1$`)

	for _, args := range [][]string{{"-break=nothing"}, {"-workers=-1"}, {"stray"}, {"-data=/does/not/exist"}} {
		if out, stderr, err := program(t, args...); err == nil || stderr == "" {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
