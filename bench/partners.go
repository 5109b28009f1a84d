package main

import (
	"context"
	"strconv"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// partner is a case in another program. Its arguments tell it what to do, how often, and how large messages are; with size
// 0 it decides their size itself.
func partner(name, need string, command []string, what string, n, size int) measure.Case {
	return measure.Case{Name: name, Needs: []string{need}, Measure: func(ctx context.Context, m *measure.Meter) error {
		args := append(command[1:len(command):len(command)], what, strconv.Itoa(m.Count(n)))
		if size > 0 {
			m.Payload(m.Size(size))
			args = append(args, strconv.Itoa(m.Size(size)))
		}
		return m.Partner(ctx, command[0], args...)
	}}
}

// inSmall is a case in a build of programs/start.
func inSmall(name, build, what string, n int) measure.Case {
	return partner(name, build, []string{program(build)}, what, n, 0)
}

func inC(name, what string, n, size int) measure.Case {
	return partner("C: "+name, "c", []string{program("c")}, what, n, size)
}

func inPython(name, what string, n, size int) measure.Case {
	return partner("Python: "+name, "python", []string{"python3", "peers/python.py"}, what, n, size)
}

// inNode is a case in node. need is node, or one of the packages with pools for it.
func inNode(name, need, what string, n, size int) measure.Case {
	return partner("Node: "+name, need, []string{"node", "peers/node.mjs"}, what, n, size)
}

// inPlugin is a case of net/rpc, or of hashicorp/go-plugin over net/rpc.
func inPlugin(name, what string, n, size int) measure.Case {
	return partner("Go: "+name, "go-plugin", []string{program("go-plugin")}, what, n, size)
}
