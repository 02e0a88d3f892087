package service

import (
	"context"
	"slices"
	"time"

	"koppel/db"
	"koppel/states"
)

// BackgroundJob is how a job that runs by itself fares.
type BackgroundJob struct {
	db.BackgroundJob
	Name string // of the link or the webhook that it is about
	// Runs: what it is about is not paused, and has not ended.
	Runs bool
	// Missed is when it should have run and did not; nil: it does not run late.
	Missed *time.Time
}

// Failing says whether the last attempt failed.
func (j BackgroundJob) Failing() bool { return j.FailingSince != nil }

// Wrong says whether somebody should know of it: it fails, or it does not run.
func (j BackgroundJob) Wrong() bool { return j.Runs && (j.Failing() || j.Missed != nil) }

// Passing are the reasons that go by themselves, once the partner answers. A refused token is told of with the link.
var Passing = []states.Reason{
	states.ReasonUnreachable, states.ReasonDown, states.ReasonThrottled, states.ReasonTokenRefused, states.ReasonReceiverUnreachable, states.ReasonMailUnreachable, states.ReasonAway,
}

// ByItself says whether what is wrong passes without anybody doing something.
func (j BackgroundJob) ByItself() bool {
	return j.Failing() && slices.Contains(Passing, j.LastError)
}

// Background reads every job of an environment: what is recorded, and what should have run and did not.
func (s *Kernel) Background(ctx context.Context, tx *db.Tx, a Actor) ([]BackgroundJob, error) {
	rows, err := tx.BackgroundJobs(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	subjects, err := s.subjects(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	jobs := make([]BackgroundJob, 0, len(rows))
	for _, row := range rows {
		key := subjectKey{row.Subject, row.SubjectID}
		about, there := subjects[key]
		if !there {
			continue // it ended, and nobody is to be told of it
		}
		job := BackgroundJob{BackgroundJob: row, Name: about.name, Runs: about.runs}
		job.Missed = s.missed(about, row.Kind, row.LastErrorAt)
		delete(about.due, row.Kind)
		jobs = append(jobs, job)
	}
	for key, about := range subjects { // what never ran
		for kind := range about.due {
			if missed := s.missed(about, kind, nil); missed != nil {
				jobs = append(jobs, BackgroundJob{
					BackgroundJob: db.BackgroundJob{EnvironmentID: a.EnvironmentID, Subject: key.subject, SubjectID: key.id, Kind: kind},
					Name:          about.name, Runs: true, Missed: missed,
				})
			}
		}
	}
	slices.SortStableFunc(jobs, compareJobs)
	return jobs, nil
}

func compareJobs(x, y BackgroundJob) int {
	order := slices.Index(states.JobKinds, x.Kind) - slices.Index(states.JobKinds, y.Kind)
	switch {
	case x.Subject != y.Subject:
		return map[bool]int{true: -1, false: 1}[x.Subject < y.Subject]
	case x.SubjectID != y.SubjectID:
		return int(x.SubjectID - y.SubjectID)
	}
	return order
}

// missed is when a job should have run, if that is long ago and nothing was tried since.
func (s *Kernel) missed(about subjectState, kind states.JobKind, tried *time.Time) *time.Time {
	due, planned := about.due[kind]
	if !about.runs || !planned || s.Now().Sub(due) < db.JobSilentAfter || tried != nil && s.Now().Sub(*tried) < db.JobSilentAfter {
		return nil
	}
	return &due
}

type subjectKey struct {
	subject states.JobSubject
	id      int64
}

// subjectState is what jobs are about: its name, whether it runs, and when each kind of job is due, where a row says so.
type subjectState struct {
	name string
	runs bool
	due  map[states.JobKind]time.Time
}

func (s *Kernel) subjects(ctx context.Context, tx *db.Tx, a Actor) (map[subjectKey]subjectState, error) {
	subjects := map[subjectKey]subjectState{}
	integrations, err := tx.IntegrationList(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	runs, err := tx.BackgroundRuns(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	for _, i := range integrations {
		subjects[subjectKey{states.SubjectIntegration, i.ID}] = subjectState{i.Name, i.State == states.IntegrationActive, integrationDue(i, runs)}
	}
	links, err := tx.BackgroundLinks(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		subjects[subjectKey{states.SubjectLink, l.ID}] = subjectState{name: l.PartnerAccount, runs: l.State == states.LinkActive}
	}
	webhooks, err := tx.BackgroundWebhooks(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	for _, w := range webhooks {
		about := subjectState{w.TargetURL, w.State == states.WebhookActive, map[states.JobKind]time.Time{}}
		if w.NextAt != nil && w.Waiting {
			about.due[states.JobWebhook] = *w.NextAt
		}
		subjects[subjectKey{states.SubjectWebhook, w.ID}] = about
	}
	mail, err := tx.BackgroundMailDue(ctx, a.EnvironmentID)
	if err != nil {
		return nil, err
	}
	environment := subjectState{runs: true, due: map[states.JobKind]time.Time{}}
	for _, at := range mail {
		environment.due[states.JobMail] = at
	}
	subjects[subjectKey{states.SubjectEnvironment, 0}] = environment
	return subjects, nil
}

func integrationDue(i db.Integration, runs []db.BackgroundRunsRow) map[states.JobKind]time.Time {
	due := map[states.JobKind]time.Time{}
	n := slices.IndexFunc(runs, func(r db.BackgroundRunsRow) bool { return r.IntegrationID == i.ID })
	switch {
	case n < 0:
		due[states.JobCheck] = i.NextSyncAt
	case runs[n].State == states.RunQueued && len(slices.DeleteFunc(slices.Clone(runs), func(r db.BackgroundRunsRow) bool { return r.IntegrationID != i.ID })) == 1:
		due[states.JobRun] = runs[n].CreatedAt // one that waits for another one is not late
	}
	if i.Settings.StatusUpdates {
		due[states.JobPoll] = i.NextPollAt
		if i.PartnerKind == states.PartnerStock {
			due[states.JobSweep] = i.SweepAt
		}
	}
	if i.LookAt != nil {
		due[states.JobLook] = *i.LookAt
	}
	return due
}

// JobsOf reads the jobs of one link or webhook, or of the environment itself.
func (s *Kernel) JobsOf(ctx context.Context, a Actor, subject states.JobSubject, id int64) (jobs []BackgroundJob, err error) {
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		all, err := s.Background(ctx, tx, a)
		jobs = JobsOf(all, subject, id)
		return err
	})
	return jobs, err
}

// JobsOf leaves the jobs of one link or webhook.
func JobsOf(all []BackgroundJob, subject states.JobSubject, id int64) (jobs []BackgroundJob) {
	for _, j := range all {
		if j.Subject == subject && j.SubjectID == id {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// WebhookJobs reads the jobs of every webhook, by its id.
func (s *Kernel) WebhookJobs(ctx context.Context, a Actor) (jobs map[int64][]BackgroundJob, err error) {
	jobs = map[int64][]BackgroundJob{}
	err = s.Tx(ctx, a, func(tx *db.Tx) error {
		all, err := s.Background(ctx, tx, a)
		for _, j := range all {
			if j.Subject == states.SubjectWebhook {
				jobs[j.SubjectID] = append(jobs[j.SubjectID], j)
			}
		}
		return err
	})
	return jobs, err
}

// LastError is why a link's products are not up to date: its check or its run fails.
func LastError(jobs []BackgroundJob) states.Reason {
	for _, j := range jobs {
		if j.Failing() && (j.Kind == states.JobCheck || j.Kind == states.JobRun || j.Kind == states.JobSetup) {
			return j.LastError
		}
	}
	return ""
}

// Wrong reads the jobs that somebody should know of.
func (s *Kernel) Wrong(ctx context.Context, tx *db.Tx, a Actor) ([]BackgroundJob, error) {
	jobs, err := s.Background(ctx, tx, a)
	return slices.DeleteFunc(jobs, func(j BackgroundJob) bool { return !j.Wrong() }), err
}
