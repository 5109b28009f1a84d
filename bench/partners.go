package main

import (
	"context"
	"strconv"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// partner is a case in another program. That is told what to do, how often, and how large messages are if that is not for it
// to say (0).
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

// inNode needs node or one of its pools.
func inNode(name, need, what string, n, size int) measure.Case {
	return partner("Node: "+name, need, []string{"node", "peers/node.mjs"}, what, n, size)
}

// inPlugin is net/rpc, or hashicorp/go-plugin over net/rpc.
func inPlugin(name, what string, n, size int) measure.Case {
	return partner("Go: "+name, "go-plugin", []string{program("go-plugin")}, what, n, size)
}
