// Empty is the least that a Go program can be: what starting a process costs.
package main

func main() {}
