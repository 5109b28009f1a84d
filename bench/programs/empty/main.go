// Empty does nothing. It shows what starting any Go program costs.
package main

func main() {}
