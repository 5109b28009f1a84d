package wire

import "reflect"

// structPlan writes the fields by position. Their number is checked, so that
// a field costs at least a byte.
type structPlan struct {
	fields []fieldPlan
	min    int // 0: not measured yet
}

type fieldPlan struct {
	index int
	step  string // ".Name"
	plan
}

func (s *structPlan) least() int { return s.min }

func (s *structPlan) measure() {
	if s.min > 0 {
		return
	}
	least := headerLen(len(s.fields))
	for _, f := range s.fields {
		least = min(least+measure(f.plan), mostLeast)
	}
	s.min = least
}

func (s *structPlan) encode(e *encoder, v reflect.Value) error {
	if err := e.msg.EncodeArrayLen(len(s.fields)); err != nil {
		return err
	}
	for i := range s.fields {
		f := &s.fields[i]
		if err := f.plan.encode(e, v.Field(f.index)); err != nil {
			return within(f.step, err)
		}
	}
	return nil
}

func (s *structPlan) decode(d *decoder, v reflect.Value) error {
	if err := d.exactly(len(s.fields), "fields"); err != nil {
		return err
	}
	for i := range s.fields {
		f := &s.fields[i]
		if err := f.plan.decode(d, v.Field(f.index)); err != nil {
			return within(f.step, err)
		}
	}
	return nil
}
