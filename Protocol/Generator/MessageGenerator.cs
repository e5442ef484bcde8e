using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace KBroker.Protocol.Generator;

/// <summary>
/// Turns every <c>Schemas/*.json</c> of the project into a message type, those that the property
/// <c>KBrokerMessageViews</c> names into a view as well, all of them together into <c>ApiKey</c> and
/// <c>ApiKeys</c>, and <c>Schemas/errors.csv</c> into <c>ErrorCode</c>.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class MessageGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor BadSchema = new(
        "KBP001", "Schema cannot be used", "{0}: {1}", "KBroker.Protocol", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<AdditionalText> schemas = context.AdditionalTextsProvider
            .Where(static file => file.Path.Replace('\\', '/').Contains("/Schemas/"));

        IncrementalValuesProvider<SchemaResult> messages = schemas
            .Where(static file => file.Path.EndsWith(".json", StringComparison.Ordinal))
            .Select(static (file, cancel) => SchemaResult.From(file.Path, file.GetText(cancel)!.ToString()));
        context.RegisterSourceOutput(messages, static (output, message) => Add(output, message));

        IncrementalValueProvider<string> viewNames = context.AnalyzerConfigOptionsProvider
            .Select(static (options, _) =>
                options.GlobalOptions.TryGetValue("build_property.KBrokerMessageViews", out string? names) ? $",{names}," : "");
        IncrementalValuesProvider<SchemaResult> views = schemas
            .Combine(viewNames)
            .Where(static pair => pair.Right.Contains($",{Path.GetFileNameWithoutExtension(pair.Left.Path)},"))
            .Select(static (pair, cancel) => SchemaResult.ViewFrom(pair.Left.Path, pair.Left.GetText(cancel)!.ToString()));
        context.RegisterSourceOutput(views, static (output, view) => Add(output, view));

        IncrementalValueProvider<string> keys = messages
            .Select(static (message, _) => message.KeyRow)
            .Where(static row => row.Length > 0)
            .Collect()
            .Select(static (rows, _) => string.Join("\n", rows.OrderBy(row => row, StringComparer.Ordinal)));
        context.RegisterSourceOutput(keys, static (output, rows) =>
            output.AddSource("ApiKeys.g.cs", SourceText.From(ApiKeysEmitter.Emit(rows), Encoding.UTF8)));

        IncrementalValuesProvider<string> errors = schemas
            .Where(static file => file.Path.EndsWith("errors.csv", StringComparison.Ordinal))
            .Select(static (file, cancel) => file.GetText(cancel)!.ToString());
        context.RegisterSourceOutput(errors, static (output, csv) =>
            output.AddSource("ErrorCode.g.cs", SourceText.From(ErrorCodeEmitter.Emit(csv), Encoding.UTF8)));
    }

    private static void Add(SourceProductionContext output, SchemaResult message)
    {
        if (message.Error is null)
            output.AddSource(message.Name + ".g.cs", SourceText.From(message.Source, Encoding.UTF8));
        else
            output.ReportDiagnostic(Diagnostic.Create(BadSchema, Location.None, message.Name, message.Error));
    }
}
