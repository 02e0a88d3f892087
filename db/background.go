package db

import "time"

// JobSilentAfter is how long after its time a job that did not run is called silent.
const JobSilentAfter = 15 * time.Minute
