// Package sys holds the calls to the operating system that the packages above share, as functions of the same name in
// one file per system.
package sys
