// Empty does nothing: the floor of starting a Go program.
package main

func main() {}
