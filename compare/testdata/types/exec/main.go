package main

import (
	"encoding/json"
	"os"
	"os/exec"
)

func main() {
	square := exec.Command("square")
	in, _ := square.StdinPipe()
	square.Start()
	json.NewEncoder(in).Encode("seven")
	json.NewEncoder(os.Stdout).Encode(square.Wait())
}
