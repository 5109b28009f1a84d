package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programsVar tells samples the folder of the programs that were built for this run. cacheVar names a folder with the
// node_modules of pools for node.
const (
	programsVar = "BENCH_PROGRAMS"
	cacheVar    = "BENCH_CACHE"
)

// builds has the commands that build programs when a case needs them. OUT stands for the file to make.
var builds = map[string][]string{
	"empty":     {"go", "build", "-o", "OUT", "./programs/empty"},
	"start":     {"go", "build", "-o", "OUT", "./programs/start"},
	"start16":   {"go", "build", "-tags", "ballast16", "-o", "OUT", "./programs/start"},
	"start60":   {"go", "build", "-tags", "ballast60", "-o", "OUT", "./programs/start"},
	"heavy":     {"go", "build", "-tags", "ballast60,slow", "-o", "OUT", "./programs/start"},
	"c":         {"gcc", "-O2", "-o", "OUT", "peers/limits.c"},
	"go-plugin": {"go", "build", "-C", "peers/plugin", "-o", "OUT", "."},
}

// peerNames are what -peers can name: programs that a machine may lack.
var peerNames = []string{"c", "python", "torch", "node", "piscina", "workerpool", "go-plugin"}

// programs looks for the programs that cases need, or builds them, each once.
type programs struct {
	ctx   context.Context
	dir   string
	peers []string // nil: all
	known map[string]error
}

func newPrograms(ctx context.Context, peers string, quick bool) (*programs, error) {
	if _, err := os.Stat("programs/empty"); err != nil {
		return nil, fmt.Errorf("run it in its folder, which has the programs that it needs: go run -C bench . (%w)", err)
	}
	p := &programs{ctx: ctx, known: map[string]error{}}
	if peers != "" || quick {
		p.peers = []string{}
	}
	for name := range strings.SplitSeq(peers, ",") {
		if name == "" || name == "none" {
			continue
		}
		if !slices.Contains(peerNames, name) {
			return nil, fmt.Errorf("no peer is called %s; there are: %s", name, strings.Join(peerNames, ", "))
		}
		p.peers = append(p.peers, name)
	}
	dir, err := os.MkdirTemp("", "bench-")
	p.dir = dir
	return p, err
}

func (p *programs) Close() error { return os.RemoveAll(p.dir) }

// Missing returns why a program cannot be used, or nil if it can.
func (p *programs) Missing(name string) error {
	err, ok := p.known[name]
	if !ok {
		err = p.look(name)
		p.known[name] = err
	}
	return err
}

func (p *programs) look(name string) error {
	if slices.Contains(peerNames, name) && p.peers != nil && !slices.Contains(p.peers, name) {
		return errors.New("left out")
	}
	if cpus, ok := strings.CutPrefix(name, "taskset "); ok {
		return p.try("taskset", "-c", cpus, "true")
	}
	switch name {
	case "python":
		return p.try("python3", "-c", "import multiprocessing, concurrent.futures")
	case "torch":
		if err := p.try("python3", "-c", "import torch.utils.data"); err != nil {
			return errors.New("not installed: torch, for python3")
		}
		return nil
	case "node":
		return p.try("node", "-e", "")
	case "piscina", "workerpool":
		if err := p.try("node", "-e", ""); err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(os.Getenv(cacheVar), "node_modules", name)); err != nil || os.Getenv(cacheVar) == "" {
			return fmt.Errorf("not installed: no node_modules/%s in $%s", name, cacheVar)
		}
		return nil
	}
	args := slices.Clone(builds[name])
	if len(args) == 0 {
		return fmt.Errorf("no program is called %s", name)
	}
	args[slices.Index(args, "OUT")] = filepath.Join(p.dir, name)
	return p.try(args[0], args[1:]...)
}

// try runs a command. It returns an error that says whether the command is not installed, or how it failed.
func (p *programs) try(name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("not installed: %s", name)
	}
	if out, err := exec.CommandContext(p.ctx, name, args...).CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(out), "\n")
		return fmt.Errorf("not usable: %s: %w: %s", name, err, first)
	}
	return nil
}

// program is the path of a built program, for samples.
func program(name string) string { return filepath.Join(os.Getenv(programsVar), name) }
