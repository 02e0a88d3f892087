package activities

import "koppel/states"

// JobOf gives the kind of background job that an activity is a part of, and whether its success is the job's.
func JobOf(activity string) (kind states.JobKind, step, known bool) {
	j, known := jobs[activity]
	return j.kind, j.step, known
}

// Activities lists every activity.
func Activities() (names []string) {
	for name := range jobs {
		names = append(names, name)
	}
	return names
}

// JobFailed is what an activity notes whose job failed.
var JobFailed = jobFailed
