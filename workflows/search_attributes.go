package workflows

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// Search attributes, so that operators find runs with one query.
var (
	AttributeEnvironment = temporal.NewSearchAttributeKeyInt64("Environment")
	AttributeIntegration = temporal.NewSearchAttributeKeyInt64("Integration")
	AttributeSale        = temporal.NewSearchAttributeKeyInt64("Sale")
	AttributeReason      = temporal.NewSearchAttributeKeyKeyword("Reason")
)

// SearchAttributes lists them with their types, as a namespace needs them.
func SearchAttributes() map[string]enums.IndexedValueType {
	return map[string]enums.IndexedValueType{
		AttributeEnvironment.GetName(): enums.INDEXED_VALUE_TYPE_INT,
		AttributeIntegration.GetName(): enums.INDEXED_VALUE_TYPE_INT,
		AttributeSale.GetName():        enums.INDEXED_VALUE_TYPE_INT,
		AttributeReason.GetName():      enums.INDEXED_VALUE_TYPE_KEYWORD,
	}
}
