package sys

// MeasuresMemory says whether ProcessHandle.Memory works here.
const MeasuresMemory = true
