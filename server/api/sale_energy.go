package api

import (
	"slices"

	"koppel/server/service"
	"koppel/server/service/sales"
)

// saleEnergy is what a sale of energy has beside the others.
type saleEnergy struct {
	Multisite bool         `json:"multisite"`
	Sites     []energySite `json:"sites"`
}

// energySite is a delivery address. What nobody tells a create (the measured usage, the costs) is null.
type energySite struct {
	UsageOrigin           *string     `json:"usage_origin"`
	LivingWorkingFunction *bool       `json:"living_working_function"`
	BagFunction           *string     `json:"bag_function"`
	Address               saleAddress `json:"address"`
	Electricity           electricity `json:"electricity"`
	Gas                   gas         `json:"gas"`
	EstimatedCost         *struct{}   `json:"estimated_cost"`
}

type electricity struct {
	EANCode        *string   `json:"ean_code"`
	MeteringNumber *string   `json:"metering_number"`
	DoubleMeter    bool      `json:"double_meter"`
	UsageSingle    *int64    `json:"usage_single"`
	UsageNormal    *int64    `json:"usage_normal"`
	UsageLow       *int64    `json:"usage_low"`
	ReturnSingle   *int64    `json:"return_single"`
	ReturnNormal   *int64    `json:"return_normal"`
	ReturnLow      *int64    `json:"return_low"`
	Connection     *string   `json:"connection"`
	SJVSingle      *int64    `json:"sjv_e_single"`
	SJVHigh        *int64    `json:"sjv_e_high"`
	SJVLow         *int64    `json:"sjv_e_low"`
	SJVReturn      *int64    `json:"sjv_e_return"`
	SJVReturnHigh  *int64    `json:"sjv_e_return_high"`
	SJVReturnLow   *int64    `json:"sjv_e_return_low"`
	EstimatedCost  *struct{} `json:"estimated_cost"`
}

type gas struct {
	EANCode        *string   `json:"ean_code"`
	MeteringNumber *string   `json:"metering_number"`
	Usage          *int64    `json:"usage"`
	Connection     *string   `json:"connection"`
	GasRegion      *int64    `json:"gasregion"`
	SJV            *int64    `json:"sjv_g"`
	EstimatedCost  *struct{} `json:"estimated_cost"`
}

// energyFields are those by which a sale shows to be of energy.
var energyFields = []string{"tarifftype", "usage_e_single", "usage_e_high", "usage_e_low", "usage_g", "electricity_ean", "gas_ean"}

func wireEnergy(s sales.SaleView) *saleEnergy {
	f := s.Submission.Fields
	if !slices.ContainsFunc(energyFields, func(name string) bool { return f[name] != "" }) {
		return nil
	}
	text := func(name string) *string { return service.Optional(f[name]) }
	whole := func(name string) *int64 { return wholeOf(f[name]) }
	return &saleEnergy{Sites: []energySite{{
		Address: wireCustomer(s.Business, f).Address,
		Electricity: electricity{
			EANCode: text("electricity_ean"), DoubleMeter: f["usage_e_high"] != "" || f["usage_e_low"] != "", Connection: text("e_connection_type"),
			UsageSingle: whole("usage_e_single"), UsageNormal: whole("usage_e_high"), UsageLow: whole("usage_e_low"),
			ReturnSingle: whole("return"), ReturnNormal: whole("return_e_high"), ReturnLow: whole("return_e_low"),
			SJVSingle: whole("sjv_e_single"), SJVHigh: whole("sjv_e_high"), SJVLow: whole("sjv_e_low"),
			SJVReturn: whole("sjv_e_return"), SJVReturnHigh: whole("sjv_e_return_high"), SJVReturnLow: whole("sjv_e_return_low"),
		},
		Gas: gas{EANCode: text("gas_ean"), Usage: whole("usage_g"), Connection: text("g_connection_type"), GasRegion: whole("g_region"), SJV: whole("sjv_g")},
	}}}
}
