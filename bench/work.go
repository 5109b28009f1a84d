package main

import "maps"

// The arguments of tasks that compute: for how long, and a payload.

// Floats is what a loader or a model is given.
type Floats struct {
	Turns int
	Data  []float32
}

// run reads a number of each page and computes.
func (w Floats) run() uint64 {
	var sum float32
	for i := 0; i < len(w.Data); i += 1024 {
		sum += w.Data[i]
	}
	return spin(w.Turns) + uint64(sum)
}

// Raw is the same with bytes.
type Raw struct {
	Turns int
	Data  []byte
}

func (w Raw) run() uint64 { return spin(w.Turns) + uint64(touch(w.Data)) }

// Nested is what services pass around: an order with its customer, lines and tags; about 1 KB.
type Nested struct {
	Turns    int
	Id       string
	Customer Customer
	Lines    []Line
	Totals   map[string]float64
	Notes    map[string][]string
}

type Customer struct {
	Name, Mail string
	Address    *Address
	Tags       []string
}

type Address struct{ Street, City, Country string }

type Line struct {
	Article string
	Count   int
	Price   float64
	Options map[string]string
}

// run adds all of it up and computes.
func (w Nested) run() float64 {
	sum := float64(len(w.Id) + len(w.Customer.Name) + len(w.Customer.Address.City))
	for _, l := range w.Lines {
		sum += float64(l.Count) * l.Price
		for k, v := range l.Options {
			sum += float64(len(k) + len(v))
		}
	}
	for v := range maps.Values(w.Totals) {
		sum += v
	}
	for k, v := range w.Notes {
		sum += float64(len(k) + len(v))
	}
	return sum + float64(spin(w.Turns)%2)
}

func order(turns int) Nested {
	w := Nested{
		Turns: turns,
		Id:    "order-2024-000017",
		Customer: Customer{
			Name: "Ada Lovelace", Mail: "ada@example.com",
			Address: &Address{"12 St James's Square", "London", "United Kingdom"},
			Tags:    []string{"mathematics", "engines", "first"},
		},
		Totals: map[string]float64{"net": 812.5, "tax": 154.375, "gross": 966.875},
		Notes:  map[string][]string{"delivery": {"ring twice", "leave with the neighbour"}, "invoice": {"by mail"}},
	}
	for _, article := range []string{"wheel", "axle", "card", "lever", "bell", "crank", "frame", "drum"} {
		w.Lines = append(w.Lines, Line{article, len(article), 12.5, map[string]string{"colour": "brass", "size": "large", "finish": "polished"}})
	}
	return w
}
