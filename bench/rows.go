package main

import (
	"fmt"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// rows are all rows, in the order in which they are printed. Each family has a file.
func rows() []measure.Row {
	return slices.Concat(startRows(), applyRows(), tinyRows(), taskRows(), largeRows(), pipeRows(), queueRows(), lockRows(), loaderRows(),
		crashRows(), idleRows(), growthRows())
}

func findRow(name string) (measure.Row, error) {
	for _, row := range rows() {
		if row.Name == name {
			return row, nil
		}
	}
	return measure.Row{}, fmt.Errorf("no row is called %s", name)
}
