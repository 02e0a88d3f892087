package activities

// Priorities on the partner queue: sales first, and before them only what waited long for its turn. Who has many sales
// waiting does not hold up who shares the partner's budget.
const (
	PriorityFloor          = 1
	PriorityForward        = 2
	PriorityForwardCrowded = 3
	PriorityStatus         = 4 // and announcements
	PriorityCatalogue      = 5
)
