extension OperatorRegistry {
    static let arithmetic: [any Operator.Type] = [
        Add.self, BitShift.self, BitwiseAnd.self, BitwiseNot.self, BitwiseOr.self, BitwiseXor.self, CumProd.self,
        CumSum.self,
        Div.self, Max.self,
        Mean.self, Min.self, Mod.self, Mul.self, Pow.self, Sub.self, Sum.self,
    ]

    static let comparison: [any Operator.Type] = [
        And.self, Equal.self, Greater.self, GreaterOrEqual.self, IsInf.self, IsNaN.self, Less.self, LessOrEqual.self,
        Not.self, Or.self, Xor.self,
    ]

    static let elementary: [any Operator.Type] = [
        Abs.self, Acos.self, Acosh.self, Asin.self, Asinh.self, Atan.self, Atanh.self, Ceil.self, Cos.self, Cosh.self,
        Erf.self, Exp.self, Floor.self, Log.self, Neg.self, Reciprocal.self, Round.self, Sign.self, Sin.self, Sinh.self,
        Sqrt.self, Tan.self,
    ]

    static let conversion: [any Operator.Type] = [BitCast.self, Cast.self, CastLike.self]
}
