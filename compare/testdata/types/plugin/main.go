package main

import (
	"fmt"
	"net/rpc"
)

type squarer struct{ rpc *rpc.Client }

func (s squarer) Square(n int) (result int, err error) {
	err = s.rpc.Call("Plugin.Square", fmt.Sprint(n), &result) // the plugin expects an int
	return result, err
}

func main() { squarer{}.Square(7) }
