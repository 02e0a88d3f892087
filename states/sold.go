package states

// SaleType is what a sale is to the customer, and what a flow takes.
type SaleType string

// Types of sales.
const (
	SaleOrder     SaleType = "order"
	SaleOffer     SaleType = "offer"
	EverySaleType SaleType = "all" // of a flow: both
)

// SaleTypes are the types that a sale can have.
var SaleTypes = []SaleType{SaleOrder, SaleOffer}
