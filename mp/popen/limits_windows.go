package popen

func (p *Process) memory() (int64, error) { return p.handle.process.Memory() }
func (p *Process) setNice(nice int) error { return p.handle.process.SetNice(nice) }
